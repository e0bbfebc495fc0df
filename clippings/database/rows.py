"""Outcome → the rows of each table, prepared by the workers so that the writer only inserts."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

from clippings.models import (
    Article,
    IndexTokens,
    Outcome,
    Placed,
    Quarantined,
    Revision,
    Seen,
    Withheld,
)
from clippings.reading.dates import day_of
from clippings.reading.identity import path_id
from clippings.reading.normalize import host_of
from clippings.similarity.near_duplicates import clues, place
from clippings.similarity.related import keywords

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
    "sketches": ("article", "place", "sketch"),
    "clues": ("article", "clue"),
    "links": ("article", "position", "url", "host", "text"),
    "images": ("article", "position", "url", "host", "alt", "caption"),
    "features": ("feature", "article"),
    "tags": ("tag", "article"),
    "placements": ("of_text", "id", "path", *_PLACE, *_SEEN),
    "revisions": ("of_text", "placement", "position", *(f.name for f in fields(Revision))),
    "quarantine": ("path", "size", "digest", "content"),
    "withheld": ("id", "what", "entry", "reason"),
    "diagnostics": ("of_text", "path", "position", "severity", "stage", "code", "message"),
}
"""Table → its columns in the order of the rows made here.

`of_text` is the digest of an article's text: which article a placement belongs to is known only
when all files with that text are.
"""


@dataclass(frozen=True, slots=True)
class FileRows:
    """What the database holds because of one file.

    `digest` is that by which the next build knows the file, `text` that of the article's text,
    None where there is no article.
    """

    path: str
    digest: str
    text: str | None
    tables: dict[str, list[Row]]


def rows_of(outcome: Outcome) -> FileRows:
    """The rows of one file: a pure function of its outcome."""
    path, digest = outcome.path, outcome.digest
    if isinstance(outcome, Withheld):
        return FileRows(path, digest, None, {"withheld": _withheld_rows(outcome)})
    withheld = _withheld_rows(outcome.withheld)
    if isinstance(outcome, Quarantined):
        row = (path, outcome.size, digest, outcome.content)
        tables = {"quarantine": [row], "diagnostics": _notes(outcome, None), "withheld": withheld}
        return FileRows(path, digest, None, tables)
    article = outcome.article
    place = (article.section, article.source, article.feed, outcome.encoding, digest)
    seen = astuple(outcome.seen) if outcome.seen else (None,) * len(_SEEN)
    key, of_text = path_id(path), article.digest
    found = clues(outcome.sketch)
    return FileRows(
        path,
        digest,
        article.digest,
        {
            "articles": [_article_row(article)],
            "tokens": [(article.id, *astuple(outcome.tokens))],
            "keywords": [(article.id, *keyword) for keyword in keywords(outcome.tokens)],
            "sketches": _sketch_rows(outcome) if found else [],
            "clues": [(article.id, clue) for clue in found],
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
            "placements": [(of_text, key, path, *place, *seen)],
            "revisions": [
                (of_text, key, n, *astuple(was)) for n, was in enumerate(outcome.revisions, 1)
            ],
            "diagnostics": _notes(outcome, of_text),
            "withheld": withheld,
        },
    )


def _withheld_rows(withheld: Withheld | None) -> list[Row]:
    """Under the file's number, not its path, which may hold the title."""
    if withheld is None:
        return []
    return [(path_id(withheld.path), withheld.what, withheld.entry, withheld.reason)]


def _sketch_rows(placed: Placed) -> list[Row]:
    article = placed.article
    return [(article.id, place(article.published, article.id), placed.sketch)]


def _notes(outcome: Placed | Quarantined, text: str | None) -> list[Row]:
    notes = enumerate(outcome.diagnostics, 1)
    return [(text, outcome.path, n, *astuple(note)) for n, note in notes]


def _article_row(article: Article) -> Row:
    values = (getattr(article, column) for column in ARTICLE_COLUMNS)
    return (*values, day_of(article.published))
