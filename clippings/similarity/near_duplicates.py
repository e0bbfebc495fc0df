"""Tellings of one story: articles of the same days whose text is nearly the same.

A text is cut at its punctuation, and each clause is a number. An article keeps the smallest of
its numbers, a sample that every telling of the same text draws alike: MinHash by one function
with a bottom-k sketch (Broder 1997, doi:10.1109/SEQUEN.1997.666900; Cohen and Kaplan 2007,
doi:10.1145/1281100.1281133), of clauses instead of k characters, so that most articles are kept
whole and compared exactly, and a clause that was changed counts once.

    title, folded text, date ─► sketch ─► clues   on any worker
    clues        ─► pairs        each article, and the three before it with a clue
    two sketches ─► alike        depends on these two articles only
    pairs        ─► components   what hangs together is one story

The pairs grow with the articles, not with all their pairs, whatever they share.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from datetime import date

KEPT = 128
"""Clauses in a sketch. Of longer articles the part that is shared is an estimate: of 0.85, with a
standard error of 0.03."""

SHORTEST_CLAUSE = 6
"""Characters; what is shorter ("he said", 与此同时) stands in any article."""

FEWEST_CLAUSES = 5
"""A text of fewer has too little of its own to be told by."""

CLUES = 12
"""Of pairs in which a third of all clauses is shared, one in 130 has no clue in common."""

SHARED = 0.85
"""The part of the shorter's clauses that the longer must have too: below 0.7 articles in one mould
come together, above 0.9 those that two publishers framed fall apart (benchmarks/stories.py)."""

LONGEST = 2
"""An article so many times as long as another tells other things besides: a digest."""

FEWEST_FIGURES = 3
"""From so many on, figures must be shared like clauses: reports in one mould (weather, markets)
have their words in common."""

DAYS = 3
"""Days between two tellings. What has no date is of one day, its own: else it would join what
is years apart."""

DAY_DIGITS = 7

_HEAD = 5  # numbers before the clauses


def place(day: str | None, article: int) -> str:
    """Where an article stands in the order in which neighbours are compared: by day, then id.

    Text whose first DAY_DIGITS are the number of the day (0: no date); the same wherever and
    whenever it is worked out, so that a later build finds what it was.
    """
    return f"{_ordinal(day):0{DAY_DIGITS}}{article:x}"


def article_at(place: str) -> int:
    """The id of the article that stands there."""
    return int(place[DAY_DIGITS:], 16)


def clues(sketch: bytes) -> list[int]:
    """The numbers by which tellings of one story find each other; none of a short text."""
    *_, clauses, _ = _read(sketch)
    return list(clauses[:CLUES]) if len(clauses) >= FEWEST_CLAUSES else []


def alike(one: bytes, other: bytes) -> bool:
    """Whether two articles tell the same within days: most of the shorter's clauses, and figures.

    Titles that differ in their numbers only ("part 1", 第十一集) name two articles.
    """
    day, title, mould, length, clauses, figures = _read(one)
    day_2, title_2, mould_2, length_2, clauses_2, figures_2 = _read(other)
    if abs(day - day_2) > DAYS:
        return False
    if mould == mould_2 and title != title_2:
        return False
    if max(length, length_2) > LONGEST * min(length, length_2):
        return False
    few = min(len(figures), len(figures_2)) < FEWEST_FIGURES
    return _shared(clauses, clauses_2) >= SHARED and (few or _shared(figures, figures_2) >= SHARED)


def components(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """(one of them, each of them) of all that hangs together by pairs, ordered by the latter."""
    towards: dict[int, int] = {}
    for one, other in pairs:
        first, second = _root(one, towards), _root(other, towards)
        towards[first] = towards[second] = min(first, second)
    yield from ((_root(each, towards), each) for each in sorted(towards))


def _root(each: int, towards: dict[int, int]) -> int:
    """Where a way ends; shortens the way there (union-find)."""
    way = [each]
    while (after := towards.get(way[-1], way[-1])) != way[-1]:
        way.append(after)
    towards.update(dict.fromkeys(way[:-1], way[-1]))
    return way[-1]


def _ordinal(published: str | None) -> int:
    """The number of a day; 0: no date."""
    return date.fromisoformat(published[:10]).toordinal() if published else 0


def _read(sketch: bytes) -> tuple[int, int, int, int, array[int], array[int]]:
    """(day, title, mould, length of the text, clauses, figures) of a sketch."""
    numbers = array("I", sketch)
    day, title, mould, length, kept = numbers[:_HEAD]
    return day, title, mould, length, numbers[_HEAD : _HEAD + kept], numbers[_HEAD + kept :]


def _shared(one: array[int], other: array[int]) -> float:
    """The part of the smaller set that the larger holds too, as far as both were kept."""
    full = [numbers[-1] for numbers in (one, other) if len(numbers) == KEPT]
    here, there = set(one), set(other)
    if full:
        reach = min(full)
        here = {number for number in here if number <= reach}
        there = {number for number in there if number <= reach}
    return len(here & there) / max(min(len(here), len(there)), 1)
