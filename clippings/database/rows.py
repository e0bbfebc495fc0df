"""What a worker hands to the writer: an outcome as the rows of each table, packed as bytes.

outcome ─► rows_of ─► FileRows   placement   what the build decides by
                                 parts       rows, as bytes that nobody opens on the way
"""

from __future__ import annotations

import marshal
from dataclasses import fields
from enum import IntEnum
from operator import attrgetter
from typing import NamedTuple

from clippings.models import (
    Article,
    Diagnostic,
    HistorySpan,
    IndexEntry,
    Outcome,
    ProcessedArticle,
    Quarantined,
    Revision,
    Withheld,
)
from clippings.reading.fields import host_of
from clippings.reading.identity import path_id

Value = str | int | float | bytes | None
Row = tuple[Value, ...]
Tables = dict[str, list[Row]]

_KEPT_ELSEWHERE = {"features", "tags", "links", "images"}
"""Fields of Article that are tables of their own."""

ARTICLE_FIELDS = tuple(f.name for f in fields(Article) if f.name not in _KEPT_ELSEWHERE)
_PLACE = ("section", "source", "feed", "encoding", "digest")

_article_values = attrgetter(*ARTICLE_FIELDS)

COLUMNS: dict[str, tuple[str, ...]] = {
    "articles": (*ARTICLE_FIELDS, "day", "docid", "first_seen", "last_seen", "removed"),
    "links": ("article", "position", "url", "host", "text"),
    "images": ("article", "position", "url", "host", "alt", "caption"),
    "features": ("feature", "article"),
    "tags": ("tag", "article"),
    "placements": ("article", "id", "path", *_PLACE, *HistorySpan._fields),
    "revisions": ("article", "placement", "position", *Revision._fields),
    "quarantine": ("path", "size", "digest", "content"),
    "withheld": ("id", "what", "entry", "reason"),
    "diagnostics": ("article", "path", "position", *Diagnostic._fields),
}
"""Table → its columns in the order of the rows made here. In what a worker makes, `article` is
left out: which article a file belongs to is known only when all files with its text are."""


class Placement(NamedTuple):
    """What decides which of the files with one text leads, and where its article stands."""

    id: int
    text: str
    published: str | None
    section: str | None
    source: str | None
    feed: str | None
    first_seen: str | None
    last_seen: str | None
    removed: str | None


class FileRows(NamedTuple):
    """What the database holds because of one file; `digest` is that of its FileState.

    `parts` are marshalled, in the order of Part.
    """

    path: str
    digest: str
    placement: Placement | None
    parts: tuple[bytes, ...]


class Part(IntEnum):
    """A part of the rows of a file, read by itself; without an article there is the last only."""

    ARTICLE = 0  # values of ARTICLE_FIELDS
    TOKENS = 1  # StoredTokens
    FEATURES = 2  # Features
    OF_ARTICLE = 3  # Tables whose rows lack their first column, the article
    OF_PATH = 4  # Tables: diagnostics, quarantine, withheld


class StoredTokens(NamedTuple):
    """An entry of the index: its tokens, and what its facts are made of besides the date."""

    tokens: tuple[str, ...]  # of IndexTokens
    language: str | None
    features: tuple[str, ...]


class Features(NamedTuple):
    """What tells which articles are alike (clippings/similarity): numbers of keywords (uint32
    each), a factor of each (uint8), and the sketch."""

    keywords: bytes
    factors: bytes
    sketch: bytes


def rows_of(outcome: Outcome, entry: IndexEntry | None, digest: str) -> FileRows:
    """Return the rows of one file, whose article has this entry in the index."""
    of_path = marshal.dumps(_rows_of_path(outcome))
    if not isinstance(outcome, ProcessedArticle):
        return FileRows(outcome.path, digest, None, (b"", b"", b"", b"", of_path))
    assert entry is not None  # each article is indexed
    article, span = outcome.article, outcome.span
    seen = (span.first_seen, span.last_seen, span.removed) if span else (None, None, None)
    place = (article.section, article.source, article.feed)
    key = path_id(outcome.path)
    alike = (*entry.keywords, entry.sketch)
    stored = (tuple(entry.tokens), article.language, tuple(sorted(article.features)))
    parts = (
        marshal.dumps(_article_values(article)),
        marshal.dumps(stored),
        marshal.dumps(alike),
        marshal.dumps(_details(outcome, key)),
    )
    return FileRows(
        outcome.path,
        digest,
        Placement(key, article.digest, article.published, *place, *seen),
        (*parts, of_path),
    )


def _details(processed: ProcessedArticle, key: int) -> Tables:
    article = processed.article
    span = processed.span or (None,) * len(HistorySpan._fields)
    place = (article.section, article.source, article.feed, processed.encoding, processed.digest)
    return {
        "links": [
            (n, link.url, host_of(link.url), link.text) for n, link in enumerate(article.links, 1)
        ],
        "images": [
            (n, image.url, host_of(image.url), image.alt, image.caption)
            for n, image in enumerate(article.images, 1)
        ],
        "features": [(feature,) for feature in article.features],
        "tags": [(tag,) for tag in article.tags],
        "placements": [(key, processed.path, *place, *span)],
        "revisions": [(key, n, *was) for n, was in enumerate(processed.revisions, 1)],
    }


def _rows_of_path(outcome: Outcome) -> Tables:
    tables: Tables = {}
    withheld = outcome if isinstance(outcome, Withheld) else outcome.withheld
    if withheld:  # under the file's number, not its path, which may hold the title
        key = path_id(withheld.path)
        tables["withheld"] = [(key, withheld.what, withheld.entry, withheld.reason)]
    if not isinstance(outcome, Withheld):
        tables["diagnostics"] = [
            (outcome.path, n, *note) for n, note in enumerate(outcome.diagnostics, 1)
        ]
    if isinstance(outcome, Quarantined):
        row = (outcome.path, outcome.size, outcome.digest, outcome.content)
        tables["quarantine"] = [row]
    return tables
