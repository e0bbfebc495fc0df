"""The time line of the archive: days, months and years as stretches of docids.

docids have no gaps and follow publication, so a month is a range of them, and how many of some
articles fall into each month is a few binary searches in their sorted docids.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

PERIODS = {"day": 10, "month": 7, "year": 4}
"""Kind of period → how much of an ISO 8601 date names one."""

FEW_DAYS = 62
"""Days of a stretch of time that is best counted by day."""

FEW_MONTHS = 3653
"""Days of one that is best counted by month; a longer one is counted by year."""

_SPAN = """
    select julianday(max(day)) - julianday(min(day)) from articles
    where day >= :first and day <= :last || '~'
"""

# Goes from period to period by the index on day: a hundredth of a second for a thousand days.
_FOUND = """
    with recursive found (day) as (
      select min(day) from articles
      union all
      select (select min(later.day) from articles later
              where later.day > substr(found.day, 1, :width) || '~')
      from found where day is not null
    )
    select substr(day, 1, :width),
      (select min(docid) from articles where articles.day = found.day)
    from found where day is not null
"""
_END = "select coalesce(max(docid), 0) + 1 from articles"
_MATCHING = "select rowid from articles_fts where articles_fts match ? order by rowid"


@dataclass(frozen=True, slots=True)
class Timeline:
    """Periods one after the other, none left out: `names` such as 2022-01, and `edges`, the
    docid at which each begins and the one after the last.

    `earlier` is the last period with articles before these, `later` the first after them; None
    where there is none.
    """

    names: tuple[str, ...]
    edges: tuple[int, ...]
    earlier: str | None = None
    later: str | None = None

    def counts(self, docids: Sequence[int]) -> list[int]:
        """Return how many of the sorted `docids` fall into each period."""
        return [len(part) for part in self.cut(docids)]

    def cut(self, docids: Sequence[int]) -> list[Sequence[int]]:
        """Return the sorted `docids` of each period."""
        places = [bisect_left(docids, edge) for edge in self.edges]
        return [docids[start:end] for start, end in pairwise(places)]

    def undated(self, docids: Sequence[int]) -> int:
        """Return how many of `docids` have no date, if the line begins with the archive."""
        return 0 if self.earlier else bisect_left(docids, self.edges[0])


def matching(conn: sqlite3.Connection, match: str) -> list[int]:
    """Return the docids that an FTS5 expression finds, in the order of publication."""
    cursor = conn.cursor()
    cursor.row_factory = None  # plain tuples: there may be as many as articles
    return [docid for (docid,) in cursor.execute(_MATCHING, [match])]


def suited_period(
    conn: sqlite3.Connection, first: str = "", last: str = "", few_days: int = FEW_DAYS
) -> str:
    """Return the kind of period by which the articles of a stretch of time are best counted."""
    (days,) = conn.execute(_SPAN, {"first": first, "last": last}).fetchone()
    if days is None or days > FEW_MONTHS:
        return "month" if days is None else "year"
    return "day" if days <= few_days else "month"


def read_timeline(
    conn: sqlite3.Connection, by: str, *, first: str = "", last: str = "", limit: int
) -> Timeline:
    """At most `limit` periods of the kind `by` (a key of PERIODS), up to the archive's newest.

    `first` and `last` (a year, month or day) bound the line. Without articles there are no periods.
    """
    (end,) = conn.execute(_END).fetchone()
    found: list[tuple[str, int]] = [
        tuple(row) for row in conn.execute(_FOUND, {"width": PERIODS[by]})
    ]
    start = sum(name[: len(first)] < first[: PERIODS[by]] for name, _ in found)
    stop = sum(not last or name[: len(last)] <= last for name, _ in found)
    later, end = found[stop] if stop < len(found) else (None, end)
    if start >= stop:
        return Timeline((), (end,), None, later)
    least = str(_period(by, found[stop - 1][0]) - limit + 1)
    start += sum(name < least for name, _ in found[start:stop])
    begins = dict(found[start:stop])
    names = period_names(by, min(begins), max(begins))
    edges = [end]
    for name in reversed(names):  # an empty period begins, and ends, where the next one begins
        edges.append(begins.get(name, edges[-1]))
    earlier = found[start - 1][0] if start else None
    return Timeline(tuple(names), tuple(reversed(edges)), earlier, later)


def period_names(by: str, first: str, last: str) -> list[str]:
    """Return the periods of a kind from the first to the last: 2021-11, 2021-12, 2022-01."""
    names: list[str] = np.arange(_period(by, first), _period(by, last) + 1).astype(str).tolist()
    return names


def _period(by: str, name: str) -> Any:
    """Return a period as numpy counts them: datetime64[D], [M] or [Y]."""
    return np.array(name, f"datetime64[{by[0].upper()}]")
