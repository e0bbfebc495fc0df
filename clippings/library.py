"""The archive in a notebook or a script: search, articles, SQL and trends, as tables.

    clippings.db, or its address ─► open_archive ─► Archive ─► rows, or pandas DataFrames

It is the site's query language on the site's own statements, in a connection that only reads.
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clippings.dataset.download import ADDRESS, fetch
from clippings.dataset.tables import open_readonly
from clippings.models import OpenError
from clippings.search.concordance import ORDERS as LINE_ORDERS
from clippings.search.concordance import Line, concordance
from clippings.search.functions import register
from clippings.search.keyness import Collocate, KeyWord, collocates, keyness
from clippings.search.occurrences import open_positions
from clippings.search.passages import ABOUT, COLUMNS, search
from clippings.search.query import Note, Query, parse_query
from clippings.search.results import ORDERS
from clippings.search.timeline import PERIODS
from clippings.search.trends import MEASURES, Question, read_trends
from clippings.site.i18n import translator

Table = Any
"""A pandas DataFrame, or a list of dicts."""

PERIODS_SHOWN = 40_000
"""Periods of a time line at most: a century of days."""

_EXTENT = "select count(*), min(day), max(day) from articles"
_ARTICLES = f"""
    select {ABOUT}, summary, image{{}} from articles
    where docid in (select rowid from articles_fts where articles_fts match ?)
    order by docid desc
"""


def open_archive(database: str, frames: bool | None) -> Archive:
    """See `clippings.open`."""
    if frames is None:
        frames = find_spec("pandas") is not None
    if frames and find_spec("pandas") is None:
        raise OpenError("pandas is not installed: pip install pandas, or open with frames=False")
    return Archive(open_file(database), as_frame if frames else as_rows)


def open_file(database: str) -> sqlite3.Connection:
    """Return a connection that reads a finished database, by its path or by its address.

    Raises OpenError for anything else.
    """
    path = fetch(database) if ADDRESS.match(database) else Path(database).expanduser()
    if not path.is_file():
        raise OpenError(f"{path}: there is no such file; build_db.py makes it, or name another")
    conn = open_readonly(path)
    try:
        conn.execute("select 1 from articles, articles_fts, folding limit 0")
        open_positions(conn)
        conn.execute("pragma query_only = on")
    except sqlite3.DatabaseError as error:
        conn.close()
        raise OpenError(f"{path}: not a database of Clippings ({error})") from None
    register(conn)
    return conn


def as_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return the rows as dicts. Raises ValueError where two columns have one name."""
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if list(columns).count(name) > 1)
        raise ValueError(f"two columns are called {twice!r}; name one of them with `as`")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def as_frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    """Return the rows as a pandas DataFrame."""
    import pandas  # optional, and slow to import

    return pandas.DataFrame(rows, columns=list(columns))


def explain(note: Note) -> str:
    """Return a note about a query as a sentence."""
    return english(f"search.note.{note.code}", fragment=note.fragment)


def english(key: str, **values: Any) -> str:
    """Return what the site says to readers of English."""
    return translator("en")(key, **values)


class Archive:
    """An open database. Its methods answer with tables: DataFrames, or lists of dicts.

    >>> with clippings.open("clippings.db", frames=False) as archive:
    ...     archive.search("title:双尾 OR title:两条尾巴")[0]["passage"][:22]
    '上周末的照片里，样例彗星（C/2021 X9'

    The examples below go on with an `archive` that is open.
    """

    def __init__(self, conn: sqlite3.Connection, present: Callable[..., Table]) -> None:
        self._conn = conn
        self._present = present

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        try:
            articles, first, last = self._conn.execute(_EXTENT).fetchone()
            (_, _, path), *_ = self._conn.execute("pragma database_list")
        except sqlite3.ProgrammingError:
            return "<Archive, closed>"
        days = f", {first} to {last}" if first else ""
        return f"<Archive of {articles:,} articles{days}: {path}>"

    def close(self) -> None:
        """Let go of the file."""
        self._conn.close()

    def search(self, query: str, *, order: str = "", limit: int = 20) -> Table:
        """Return the articles that a query of the site's language finds, with the `passage` that
        shows why. `order` is "newest", "oldest" or "relevance" (among the newest 1,500 that
        match); by default what the site would take.

        Where fewer than three hold all of it the closest follow: `matched` is what of the query
        they hold, and None for those that hold all. Quotes in a query keep it from that.

        >>> found = archive.search('彗星 source:"样例科技"', order="newest")
        >>> [(row["day"], row["title"]) for row in found][0]
        ('2022-01-25', '样例彗星为什么有两条尾巴')
        """
        parsed = self._parsed(query)
        _known("order", order or "newest", ORDERS)
        found = search(self._conn, parsed, order, limit)
        if found.closest and not found.hits:
            warnings.warn(english("search.closest"), stacklevel=2)
        return self._present(COLUMNS, [[*hit.row.values()] for hit in found.first(limit)])

    def articles(self, query: str = "", *, text: bool = False) -> Table:
        """Return all articles that a query finds (every one without a query), the newest first;
        with `text` also their Markdown.

        >>> [row["title"] for row in archive.articles("lang:ja has:table")]
        ['冬の各駅停車、三か月だけの「こたつ車両」']
        >>> archive.articles('title:"见本彗星"', text=True)[0]["markdown"][:13]
        '昨年末に発見された見本彗星'
        """
        sql = _ARTICLES.format(", markdown" if text else "")
        return self.sql(sql, [self._parsed(query).match])

    def sql(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Table:
        """Return what one SQL statement gives, whose parameters stand as `?` or `:name`.

        `search_query` and `search_snippet` are there as on the site.

        >>> archive.sql("select count(*) as articles from articles where source = ?", ["样例科技"])
        [{'articles': 3}]
        """
        cursor = self._conn.execute(sql, parameters)
        columns = [column for column, *_ in cursor.description or ()]
        return self._present(columns, cursor.fetchall())

    def trends(
        self,
        terms: Iterable[str],
        *,
        by: str = "month",
        measure: str = "count",
        source: str = "",
    ) -> Table:
        """Return how many articles of each period speak of each term: one row a period, none left
        out, with the number of all `articles` and a column for each term.

        `by` is "day", "month" or "year"; with the `measure` "share" the terms' columns are
        percent of the period's articles, with "rate" how often a term stands in a million
        characters of them; `source` narrows all of it to one. Articles without
        a date are in no period.

        >>> archive.trends(["彗星", "合龙"], by="year")
        [{'year': '2021', 'articles': 7, '彗星': 0, '合龙': 2}, ...]
        """
        _known("by", by, PERIODS)
        _known("measure", measure, MEASURES)
        asked = tuple(dict.fromkeys(terms))
        for term in asked:
            self._parsed(term)
        question = Question(asked, (), by, measure, source, "")
        found = read_trends(self._conn, question, PERIODS_SHOWN)
        heads = [f'"{term}"' if term in (by, "articles") else term for term in asked]
        rows = zip(found.timeline.names, found.everything.counts, *found.lines, strict=True)
        return self._present([by, "articles", *heads], [*rows])

    def concordance(
        self, query: str, *, width: int = 20, order: str = "date", limit: int = 1000
    ) -> Table:
        """Return each place where the words of a query stand, with `width` characters around it.

        `order` is "date", "right", "left" or "source".

        >>> line = archive.concordance("彗星尾", width=4)[0]
        >>> line["left"], line["word"], line["right"]
        ('，正是看', '彗星尾', '巴的好时')
        """
        _known("order", order, LINE_ORDERS)
        found = concordance(self._conn, self._parsed(query), order=order, limit=limit, width=width)
        _tell_sample(found.read, found.found)
        return self._present(Line._fields, found.lines)

    def collocates(self, query: str, *, limit: int = 50) -> Table:
        """Return the words that stand within five characters of Chinese, or words of others, of
        those of a query more often than elsewhere in the same articles.

        >>> [(row["word"], row["near"]) for row in archive.collocates("彗星")]
        [('X9', 4)]
        """
        found = collocates(self._conn, self._parsed(query), limit=limit)
        _tell_sample(found.read, found.found)
        return self._present(Collocate._fields, found.words)

    def keywords(self, first: str, second: str, *, limit: int = 50) -> Table:
        """Return the words that each of two queries has more often than the other: `side` is the
        query that a word is key of.

        >>> rows = archive.keywords("lang:en", "lang:zh")
        >>> [row["word"] for row in rows if row["side"] == "lang:en"][:3]
        ['the', 'and', 'of']
        """
        sides = keyness(self._conn, self._parsed(first), self._parsed(second), limit=limit)
        for side in sides:
            _tell_sample(side.read, side.found)
        rows = [
            (query, *word)
            for query, side in zip((first, second), sides, strict=True)
            for word in side.words
        ]
        return self._present(("side", *KeyWord._fields), rows)

    def _parsed(self, query: str) -> Query:
        """Parse the query, with a warning for each part that was not understood."""
        parsed = parse_query(query)
        for note in parsed.notes:
            warnings.warn(explain(note), stacklevel=3)
        return parsed


def _tell_sample(read: int, found: int) -> None:
    if read < found:
        warnings.warn(f"a sample: {read:,} of {found:,} articles were read", stacklevel=3)


def _known(name: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise ValueError(f"{name} is one of {', '.join(known)}, not {value!r}")
