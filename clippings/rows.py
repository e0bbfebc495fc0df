"""Outcome → the rows of each table, prepared by the workers so that the writer only inserts."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

from clippings.identity import path_id
from clippings.models import Article, IndexTokens, Outcome, Quarantined, Revision, Seen
from clippings.normalize import host_of
from clippings.related import keywords

Row = tuple[Any, ...]

_KEPT_ELSEWHERE = {"features", "tags", "links", "images"}
"""Fields of Article that are tables of their own."""

ARTICLE_COLUMNS = tuple(f.name for f in fields(Article) if f.name not in _KEPT_ELSEWHERE)

_PLACE = ("section", "source", "feed", "encoding", "digest")
_SEEN = tuple(f.name for f in fields(Seen))

COLUMNS: dict[str, tuple[str, ...]] = {
    "articles": (*ARTICLE_COLUMNS, "day"),
    "tokens": ("article", *(f.name for f in fields(IndexTokens))),
    "keywords": ("article", "keyword", "factor"),
    "links": ("article", "position", "url", "host", "text"),
    "images": ("article", "position", "url", "host", "alt", "caption"),
    "features": ("feature", "article"),
    "tags": ("tag", "article"),
    "placements": ("article", "id", "path", *_PLACE, *_SEEN),
    "revisions": ("article", "placement", "position", *(f.name for f in fields(Revision))),
    "quarantine": ("path", "size", "digest", "content"),
    "diagnostics": ("article", "path", "severity", "stage", "code", "message"),
}
"""Table → its columns in the order of the rows made here."""

OF_AN_ARTICLE = ("tokens", "keywords", "links", "images", "features", "tags")
"""Tables that describe an article, whatever the number of its placements."""


@dataclass(frozen=True, slots=True)
class FileRows:
    """What the database holds because of one file.

    `digest` is that of the article's text, None for a quarantined file. Rows of
    placements, revisions and diagnostics come without their first column: which article it
    is, the writer knows, because the same text may have come from another file.
    """

    digest: str | None
    tables: dict[str, list[Row]]


def rows_of(outcome: Outcome) -> FileRows:
    """The rows of one file: a pure function of its outcome."""
    notes = [(outcome.path, *astuple(note)) for note in outcome.diagnostics]
    if isinstance(outcome, Quarantined):
        row = (outcome.path, outcome.size, outcome.digest, outcome.content)
        return FileRows(None, {"quarantine": [row], "diagnostics": notes})
    article = outcome.article
    place = (article.section, article.source, article.feed, outcome.encoding, outcome.digest)
    seen = astuple(outcome.seen) if outcome.seen else (None,) * len(_SEEN)
    key = path_id(outcome.path)
    return FileRows(
        article.digest,
        {
            "articles": [_article_row(article)],
            "tokens": [(article.id, *astuple(outcome.tokens))],
            "keywords": [(article.id, *keyword) for keyword in keywords(outcome.tokens)],
            "links": [
                (article.id, n, link.url, host_of(link.url), link.text)
                for n, link in enumerate(article.links, 1)
            ],
            "images": [
                (article.id, n, image.url, host_of(image.url), image.alt, image.caption)
                for n, image in enumerate(article.images, 1)
            ],
            "features": [(feature, article.id) for feature in sorted(article.features)],
            "tags": [(tag, article.id) for tag in sorted(article.tags)],
            "placements": [(key, outcome.path, *place, *seen)],
            "revisions": [(key, n, *astuple(was)) for n, was in enumerate(outcome.revisions, 1)],
            "diagnostics": notes,
        },
    )


def _article_row(article: Article) -> Row:
    values = (getattr(article, column) for column in ARTICLE_COLUMNS)
    return (*values, article.published and article.published[:10])
