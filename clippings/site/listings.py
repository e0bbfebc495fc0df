"""Listings of articles: all, or those of a section, source, feed, tag, day, month or year.

An article is listed under every place that it was found in, not only under its first. Pages are cut
by `docid`, the order of publication, so the last page costs what the first does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clippings.search.timeline import PERIODS

CARD = "id, docid, title, summary, source, section, published, day, language, characters, image"
"""The columns that a list of articles shows."""


def _placed(column: str) -> str:
    """Articles by their own place, and those with a further placement there."""
    return f"""
        select docid from articles where {column} = :name
        union all select docid from articles where {column} is not :name and id in (
          select article from placements where {column} = :name and id <> article)
    """


# docids follow days, so a stretch of days is a stretch of docids.
_DATED = """
    select docid from articles where docid between
      (select docid from articles where day >= :first order by day, docid limit 1) and
      (select docid from articles where day <= :last order by day desc, docid desc limit 1)
"""
MEMBERS = {
    "all": "select docid from articles",
    "section": _placed("section"),
    "source": _placed("source"),
    "feed": _placed("feed"),
    "tag": "select docid from articles where id in (select article from tags where tag = :name)",
    "year": _DATED,
    "month": _DATED,
    "day": _DATED,
    "undated": "select docid from articles where day is null",
}
"""Kind of a listing → the docids of its articles, given :name, :first and :last."""

_LAST_DOCID = 1 << 62


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list of articles is of: a kind and a name; of a date its first and last day
    (of any month the 31st: days are compared as text)."""

    kind: str
    name: str
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Some articles of a listing, newest first; `newer` and `older` are where its neighbours
    begin (a docid), None where there are none."""

    rows: Sequence[sqlite3.Row]
    newer: int | None
    older: int | None


def listing(kind: str, name: str = "") -> Listing | None:
    """Return the listing of that kind and name; None for what is no date where one is wanted."""
    if kind not in PERIODS:
        return Listing(kind, name)
    if len(name) != PERIODS[kind]:
        return None
    first, last = (name + rest[len(name) - 4 :] for rest in ("-01-01", "-12-31"))
    try:
        is_date = date.fromisoformat(first).isoformat() == first
    except ValueError:
        return None
    return Listing(kind, name, first, last) if is_date else None


def count(conn: sqlite3.Connection, of: Listing) -> int:
    """Return how many articles a listing has."""
    sql = f"select count(*) from ({MEMBERS[of.kind]})"
    (found,) = conn.execute(sql, _values(of)).fetchone()
    return int(found)


def read_page(
    conn: sqlite3.Connection,
    of: Listing,
    *,
    before: int | None = None,
    after: int | None = None,
    size: int = 24,
) -> ListingPage:
    """Return the newest articles of a listing, or those just before or just after a docid."""
    is_back = after is not None
    edge = after if after is not None else _LAST_DOCID if before is None else before
    sql = f"""
        select {CARD} from articles where docid in (
          select docid from ({MEMBERS[of.kind]}) where docid {">" if is_back else "<"} :edge
          order by docid {"asc" if is_back else "desc"} limit :size)
        order by docid desc
    """
    rows = conn.execute(sql, _values(of, edge=edge, size=size + 1)).fetchall()
    more = len(rows) > size
    rows = rows[-size:] if is_back else rows[:size]
    if not rows:
        return ListingPage(rows, None, None)
    has_newer, has_older = (more, True) if is_back else (before is not None, more)
    newer, older = rows[0]["docid"], rows[-1]["docid"]
    return ListingPage(rows, newer if has_newer else None, older if has_older else None)


def names(
    conn: sqlite3.Connection, kind: str, limit: int = 500, day: str | None = None
) -> list[sqlite3.Row]:
    """Return (name, articles) of the sections, sources, feeds or tags, the fullest first; of the
    first three also those of one day."""
    sql = f"""
        select {kind} as name, count(*) as articles from {"tags" if kind == "tag" else "articles"}
        where {kind} is not null {"and day = :day" if day else ""}
        group by {kind} order by articles desc, name limit :limit
    """
    return conn.execute(sql, {"limit": limit, "day": day}).fetchall()


def periods(conn: sqlite3.Connection, by: str, of: Listing | None = None) -> dict[str, int]:
    """Return the years, months or days of a listing, by default of all articles, in order, and how
    many articles each has."""
    sql = f"""
        select substr(day, 1, {PERIODS[by]}), count(*) from articles where day is not null
          {f"and docid in ({MEMBERS[of.kind]})" if of else ""} group by 1 order by 1
    """
    return dict(conn.execute(sql, _values(of) if of else {}).fetchall())


def feeds_by_source(
    conn: sqlite3.Connection, limit: int = 2000
) -> list[tuple[str, list[sqlite3.Row]]]:
    """Return each source with (source, name, articles) of its feeds, the fullest first."""
    sql = """
        select source, feed as name, count(*) as articles from articles
        where source is not null and feed is not null
        group by source, feed order by articles desc, feed limit ?
    """
    found: dict[str, list[sqlite3.Row]] = {}
    for row in conn.execute(sql, [limit]):
        found.setdefault(row["source"], []).append(row)
    return list(found.items())


def neighbours(conn: sqlite3.Connection, of: Listing) -> tuple[str | None, str | None]:
    """Return the day, month or year with articles before this one, and the one after."""
    (before,) = conn.execute("select max(day) from articles where day < ?", [of.first]).fetchone()
    (after,) = conn.execute("select min(day) from articles where day > ?", [of.last]).fetchone()
    width = PERIODS[of.kind]
    return (before or "")[:width] or None, (after or "")[:width] or None


def _values(of: Listing, **more: int) -> dict[str, str | int]:
    return {"name": of.name, "first": of.first, "last": of.last, **more}
