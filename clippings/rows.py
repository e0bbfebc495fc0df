"""Outcome → the rows of each table, prepared by the workers so that the writer only inserts."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

from clippings.identity import path_id
from clippings.models import Article, IndexTokens, Outcome, Quarantined
from clippings.normalize import host_of
from clippings.related import keywords
from clippings.stories import clues

Row = tuple[Any, ...]

_KEPT_ELSEWHERE = {"features", "tags", "links", "images"}
"""Fields of Article that are tables of their own."""

ARTICLE_COLUMNS = tuple(f.name for f in fields(Article) if f.name not in _KEPT_ELSEWHERE)

COLUMNS: dict[str, tuple[str, ...]] = {
    "articles": (*ARTICLE_COLUMNS, "day"),
    "tokens": ("article", *(f.name for f in fields(IndexTokens))),
    "keywords": ("article", "keyword", "factor"),
    "sketches": ("article", "sketch"),
    "clues": ("clue", "article"),
    "links": ("article", "position", "url", "host", "text"),
    "images": ("article", "position", "url", "host", "alt", "caption"),
    "features": ("feature", "article"),
    "tags": ("tag", "article"),
    "placements": ("article", "id", "path", "section", "source", "feed", "encoding", "digest"),
    "quarantine": ("path", "size", "digest", "content"),
    "diagnostics": ("article", "path", "severity", "stage", "code", "message"),
}
"""Table → its columns in the order of the rows made here."""

OF_AN_ARTICLE = ("tokens", "keywords", "sketches", "clues", "links", "images", "features", "tags")
"""Tables that describe an article, whatever the number of its placements."""


@dataclass(frozen=True, slots=True)
class FileRows:
    """What the database holds because of one file.

    `digest` is that of the article's text, None for a quarantined file. Rows of
    placements and diagnostics come without their first column: which article it
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
    return FileRows(
        article.digest,
        {
            "articles": [_article_row(article)],
            "tokens": [(article.id, *astuple(outcome.tokens))],
            "keywords": [(article.id, *keyword) for keyword in keywords(outcome.tokens)],
            "sketches": [(article.id, outcome.sketch)],
            "clues": [(clue, article.id) for clue in clues(outcome.sketch)],
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
            "placements": [(path_id(outcome.path), outcome.path, *place)],
            "diagnostics": notes,
        },
    )


def _article_row(article: Article) -> Row:
    values = (getattr(article, column) for column in ARTICLE_COLUMNS)
    return (*values, article.published and article.published[:10])
