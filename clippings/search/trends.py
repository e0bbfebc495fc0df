"""How often the archive speaks of something over time: terms → a series of counts for each.

    ?q=北约,乌克兰&by=month ─► read_question ─► read_trends ─► a series for each term
                                             └► read_sources ─► a count for each source

A term is a query of the reader's language. Its matches come from the full-text index in one
pass; a period is a stretch of docids, so nothing else is read (see `timeline`).
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clippings.search.occurrences import MOST_CHARACTERS, read_sample
from clippings.search.query import QUOTES, Query, filter_for, parse_query
from clippings.search.timeline import (
    PERIODS,
    Timeline,
    matching,
    read_timeline,
    suited_period,
)

MOST_TERMS = 6
"""As many lines as can be told apart by colour, dashes and marks."""

MEASURES = ("count", "share", "rate")
"""What a value is: articles, percent of the articles of its period, or how often a term stands in
a million characters of them."""

_CHARACTERS = "select docid, characters from articles"
_TERM = re.compile(f"(?:[^,，;；\n{QUOTES}]|[{QUOTES}][^{QUOTES}]*(?:[{QUOTES}]|\\Z))+")
_STRAY = re.compile(r"^(?:(?:AND|OR) +)+|(?: +(?:AND|OR|NOT))+$")

# An article counts for its own source, and for each other one that it was found in too.
# "+" and "cross" keep SQLite from looking articles up one by one: the first half needs only the
# index on source, the second only the few placements that are not an article's own.
_SOURCES = """
    select source, sum(articles) from (
      select source, count(*) as articles from articles
      where source is not null
        and +docid in (select rowid from articles_fts where articles_fts match :match)
      group by source
      union all
      select p.source, count(distinct a.id)
      from placements p cross join articles a on a.id = p.article
      where p.id <> p.article and p.source is not a.source and p.source is not null
        and +a.docid in (select rowid from articles_fts where articles_fts match :match)
      group by p.source
    ) group by source
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `terms` by a kind of period and a measure, maybe of one source only.

    `since` and `until` are the days, months or years that bound the time line, "" for the oldest
    and the newest; `left_out` are the terms above MOST_TERMS. Without a term, all articles are
    counted.
    """

    terms: tuple[str, ...]
    left_out: tuple[str, ...]
    by: str
    measure: str
    source: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One term: how many articles of each period speak of it, and how many without a date.

    `amounts` are, for the measure "rate", how often it stands in each period: where there is too
    much to read (`is_sample`), by what a sample of its articles has. Of all articles, their
    characters.
    """

    term: str
    counts: list[int]
    undated: int
    amounts: Sequence[float] = ()
    is_sample: bool = False

    @property
    def total(self) -> int:
        """The articles of all periods."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Trends:
    """The answer: a series for each term, and one of all articles."""

    question: Question
    timeline: Timeline
    everything: Series
    series: tuple[Series, ...]

    @property
    def lines(self) -> list[Sequence[float]]:
        """The values of each series, in the measure that was asked for."""
        if self.question.measure == "count":
            return [each.counts for each in self.series]
        if self.question.measure == "share":
            return [shares(each.counts, self.everything.counts) for each in self.series]
        characters = [each / 10_000 for each in self.everything.amounts]
        return [shares(each.amounts, characters) for each in self.series]


def split_terms(text: str) -> list[str]:
    """Cut what a reader typed at its commas (not those in quotes) into terms, each once.

    Quotes are closed and stray operators dropped, so that a filter may follow a term.
    """
    terms = [_STRAY.sub("", term.strip()) for term in _TERM.findall(text)]
    closed = [term + '"' * (len(re.findall(f"[{QUOTES}]", term)) % 2) for term in terms]
    return list(dict.fromkeys(filter(None, closed)))


def search_text(term: str, *, period: str = "", source: str = "") -> str:
    """The query that finds what a value counts: 北约 source:"知乎" date:2022-01."""
    narrowed = {"source": source, "date": period}
    filters = [filter_for(field, name) for field, name in narrowed.items() if name]
    return " ".join(filter(None, (term, *filters)))


def read_question(conn: sqlite3.Connection, asked: Mapping[str, str]) -> Question:
    """Understand the parameters of an address; what they leave out or misspell has a default."""
    by, measure = asked.get("by", ""), asked.get("measure", "")
    since, until = asked.get("from", ""), asked.get("until", "")
    terms = tuple(split_terms(asked.get("q", "")))
    return Question(
        terms[:MOST_TERMS] or ("",),
        terms[MOST_TERMS:],
        by if by in PERIODS else suited_period(conn, since, until),
        measure if measure in MEASURES else MEASURES[0],
        asked.get("source", ""),
        since,
        until,
    )


def read_trends(conn: sqlite3.Connection, question: Question, limit: int) -> Trends:
    """Count what is asked for, in at most `limit` periods."""
    bounds = {"first": question.since, "last": question.until}
    timeline = read_timeline(conn, question.by, **bounds, limit=limit)

    def series(term: str) -> Series:
        query = parse_query(search_text(term, source=question.source))
        docids = matching(conn, query.match)
        found = Series(term, timeline.counts(docids), timeline.undated(docids))
        if question.measure != "rate":
            return found
        if not query.terms:
            characters = dict(conn.execute(_CHARACTERS).fetchall())
            parts = timeline.cut(docids)
            amounts = [sum(characters[docid] for docid in part) for part in parts]
            return replace(found, amounts=amounts)
        return _with_amounts(conn, query, found, timeline, MOST_CHARACTERS // len(question.terms))

    return Trends(question, timeline, series(""), tuple(map(series, question.terms)))


def _with_amounts(
    conn: sqlite3.Connection, query: Query, series: Series, timeline: Timeline, most: int
) -> Series:
    """Count how often the words of a query stand in each period, reading `most` characters."""
    texts = read_sample(conn, query.match, most)
    counts = Counter(texts.text_at(start) for start, _ in texts.find(query.terms))
    average = counts.total() / max(1, len(texts.docids))
    times = {docid: counts[index] for index, docid in enumerate(texts.docids)}
    read = timeline.cut(texts.docids[::-1])
    amounts = [
        articles * (sum(times[docid] for docid in part) / len(part) if part else average)
        for articles, part in zip(series.counts, read, strict=True)
    ]
    return replace(series, amounts=amounts, is_sample=len(texts.docids) < texts.found)


def read_sources(
    conn: sqlite3.Connection, question: Question, most: int = 30
) -> list[tuple[str, list[int]]]:
    """(source, articles for each term) over all time, the source with the most first."""
    found: dict[str, list[int]] = {}
    for index, term in enumerate(question.terms):
        match = parse_query(search_text(term, source=question.source)).match
        for source, articles in conn.execute(_SOURCES, {"match": match}):
            found.setdefault(source, [0] * len(question.terms))[index] = articles
    return sorted(found.items(), key=lambda item: (-sum(item[1]), item[0]))[:most]


def shares(counts: Sequence[float], totals: Sequence[float]) -> list[float]:
    """Each count as percent of its period's total; of a period without any, 0."""
    pairs = zip(counts, totals, strict=True)
    return [100 * count / total if total else 0.0 for count, total in pairs]
