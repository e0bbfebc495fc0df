"""The versions of one file: its newest becomes the article, the older ones what it was before."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from clippings.models import (
    Article,
    Diagnostic,
    History,
    HistorySpan,
    Processed,
    ProcessedArticle,
    Quarantined,
    Revision,
    Version,
)


def with_revisions(history: History, outcomes: Iterable[Processed]) -> Processed:
    """Return the newest version that is an article, with its revisions; without one, the newest.

    `outcomes` are those of `history.versions`, in their order; two at a time are held.
    """
    kept: tuple[Version, ProcessedArticle] | None = None
    newer: Article | None = None
    rejected: Quarantined | None = None
    revisions = []
    for version, outcome in zip(history.versions, outcomes, strict=True):
        if isinstance(outcome, Quarantined):
            rejected = rejected or outcome
            revisions.append(Revision(version.commit, version.date, outcome.digest, None, ""))
            continue
        if newer is None:
            kept = (version, outcome)
        else:
            what = _changes(outcome.article, newer)
            title = outcome.article.title
            revisions.append(Revision(version.commit, version.date, outcome.digest, title, what))
        newer = outcome.article
    if kept is None:
        assert rejected is not None  # a history has at least one version
        return rejected
    return _placed(history, *kept, tuple(reversed(revisions)), rejected)


def _placed(
    history: History,
    version: Version,
    placed: ProcessedArticle,
    revisions: tuple[Revision, ...],
    rejected: Quarantined | None,
) -> ProcessedArticle:
    newest, *_, oldest = (history.versions[0], *history.versions)
    notes = placed.diagnostics
    if rejected and version is not newest:
        message = (
            f"the newest version, of {newest.date}, is no article "
            f"({rejected.diagnostics[-1].message}); that of {version.date} stands in for it"
        )
        notes = (*notes, Diagnostic("warning", "read", "newest-version-unreadable", message))
    span = HistorySpan(oldest.date, newest.date, history.removed, version.commit)
    return replace(placed, span=span, revisions=revisions, diagnostics=notes)


def _changes(older: Article, newer: Article) -> str:
    """Return what differs between two versions, as words; empty: only the bytes do."""
    differs = {
        "title": older.title != newer.title,
        "text": older.markdown != newer.markdown,
        "front-matter": _header(older) != _header(newer),
    }
    return " ".join(word for word, is_so in differs.items() if is_so)


def _header(article: Article) -> dict[str, Any]:
    """Return the front matter without what only repeats the title."""
    header = json.loads(article.front_matter)
    return {key: value for key, value in header.items() if value != article.title}
