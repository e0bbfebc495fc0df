"""What the search index and the comparison of articles go by: functions of an article's own rows.

The worker that converts articles makes their tokens; so can whoever has the rows, and an index
that does not keep its text (FTS5's contentless tables) needs the same tokens again to forget it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from clippings.models import Article, IndexEntry, IndexTokens
from clippings.reading.fields import opening
from clippings.search.arrays import TextBatch
from clippings.search.tokens import facts, join_labels
from clippings.similarity.features import keywords, sketches


class Columns(NamedTuple):
    """What is indexed of an article; `text` is the plain text of its Markdown, tags and features
    come in any order."""

    title: str
    summary: str
    author: str | None
    published: str | None
    language: str | None
    text: str
    tags: Collection[str]
    features: Iterable[str]


def index(articles: Sequence[Article], texts: Sequence[str]) -> list[IndexEntry]:
    """Return the entry of each article; `texts` are the plain texts of their Markdown.

    An entry depends on its article only; some tens of articles at a time are fastest.
    """
    columns = [
        Columns(a.title, a.summary, a.author, a.published, a.language, text, a.tags, a.features)
        for a, text in zip(articles, texts, strict=True)
    ]
    fields, bodies = _fields(columns), TextBatch(texts)
    drawn = sketches(
        [a.title for a in articles],
        bodies,
        [a.published for a in articles],
        [a.source for a in articles],
    )
    return list(map(IndexEntry, _tokens(columns, fields, bodies), keywords(fields, bodies), drawn))


def index_tokens(columns: Columns) -> IndexTokens:
    """Return the tokens of one article."""
    return _tokens([columns], _fields([columns]), TextBatch([columns.text]))[0]


def _fields(columns: list[Columns]) -> TextBatch:
    """All titles, then all summaries, authors, tags."""
    # A summary that is only how the text begins would count each of its words twice.
    summaries = ("" if c.summary == opening(c.text) else c.summary for c in columns)
    authors = (c.author or "" for c in columns)
    tags = (tag for c in columns for tag in sorted(set(c.tags)))
    return TextBatch([*(c.title for c in columns), *summaries, *authors, *tags])


def _tokens(columns: list[Columns], fields: TextBatch, bodies: TextBatch) -> list[IndexTokens]:
    short, count = fields.fields, len(columns)
    tags = islice(zip(fields.characters, fields.words, strict=True), 3 * count, None)
    return [
        IndexTokens(
            title=short[n],
            summary=short[n + count],
            author=short[n + 2 * count],
            body=body,
            tags=join_labels(islice(tags, len(set(c.tags)))),
            facts=facts(c.published, c.language, c.features),
        )
        for n, (c, body) in enumerate(zip(columns, bodies.fields, strict=True))
    ]
