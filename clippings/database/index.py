"""The full-text index of an archive: entries in, and out again exactly as they went in.

The index is contentless (schema.sql): to forget an article, FTS5 must be given the very tokens
that were indexed, so they are made again of the article's own row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from clippings.database.entries import Columns, index_tokens
from clippings.database.schema import archive_schema, open_draft
from clippings.markdown.rendering import plain_text
from clippings.search.arrays import TextBatch
from clippings.search.tokens import join_labels

Place = tuple[str | None, str | None, str | None]
"""Section, source and feed."""

Labels = tuple[str, ...]
"""Tokens of the names of section, source and feed, each of all places of an article."""

Entry = tuple[int | str, ...]
"""A row of the index: the article's number, its IndexTokens, its Labels."""

_COLUMNS = "rowid, title, summary, author, body, tags, facts, section, source, feed"
_INSERT = f"insert into articles_fts ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FORGET = f"""
    insert into articles_fts (articles_fts, {_COLUMNS})
    values ('delete', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

# Segments are written of 8 megabytes, and merged once, at the end: with less it is slower, with
# more no faster.
_SETTINGS = {"hashsize": 2**23, "automerge": 0, "crisismerge": 1000}
_SET = "insert into articles_fts (articles_fts, rank) values (?, ?)"
_MERGE_ALL = "insert into articles_fts (articles_fts) values ('optimize')"
# Later builds add a small segment each; of those, some are merged each time.
_MERGE_SOME = "insert into articles_fts (articles_fts, rank) values ('merge', 1000)"

_STORED = """
    select title, summary, author, published, language, markdown from articles where id = ?
"""
_TAGS = "select tag from tags where article = ?"
_FEATURES = "select feature from features where article = ?"
_PLACES = "select section, source, feed from placements where article = ?"


def write_part(path: Path, entries: Iterable[Entry]) -> None:
    """Write a part of a new index, of entries in the order of their numbers, to a file of its own:
    other threads may write other parts, and the tables, meanwhile."""
    with closing(open_draft(path, archive_schema()[0])) as db:
        db.executemany(_SET, _SETTINGS.items())
        db.executemany(_INSERT, entries)
        db.execute(_MERGE_ALL)
        db.execute("commit")


def add(db: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Add entries, in the order of their numbers, to an index that has others."""
    db.executemany(_INSERT, entries)
    db.execute(_MERGE_SOME)


def forget(db: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Take entries out of the index; they must be what `stored` gives."""
    db.executemany(_FORGET, entries)


def stored(db: sqlite3.Connection, articles: Iterable[tuple[int, int]]) -> Iterator[Entry]:
    """Make the entries of articles, (number, id) each, again of their rows."""
    for docid, article in articles:
        *columns, markdown = db.execute(_STORED, [article]).fetchone()
        tags, features = (
            [name for (name,) in db.execute(sql, [article])] for sql in (_TAGS, _FEATURES)
        )
        tokens = index_tokens(Columns._make((*columns, plain_text(markdown), tags, features)))
        yield (docid, *tokens, *labels([db.execute(_PLACES, [article])])[0])


def labels(articles: Iterable[Iterable[Place]]) -> list[Labels]:
    """Return the tokens of the names that each article stands under; many at a time are fastest."""
    names = [
        [sorted({name for name in of_level if name}) for of_level in zip(*places, strict=True)]
        for places in articles
    ]
    different = list({name for levels in names for level in levels for name in level})
    batch = TextBatch(different)
    cut = dict(zip(different, zip(batch.characters, batch.words, strict=True), strict=True))
    return [tuple(join_labels(cut[name] for name in level) for level in levels) for levels in names]
