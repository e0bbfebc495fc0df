"""Tellings of one story: articles of the same days whose text is nearly the same.

A text is cut at its punctuation, and each clause is a number. An article keeps the smallest of
its numbers, a sample that every telling of the same text draws alike: MinHash by one function
with a bottom-k sketch (Broder 1997, doi:10.1109/SEQUEN.1997.666900; Cohen and Kaplan 2007,
doi:10.1145/1281100.1281133), of clauses instead of k characters, so that most articles are kept
whole and compared exactly, and a clause that was changed counts once.

    title, folded text ─► sketch ─► clues      on any worker
    clues              ─► CANDIDATES           each article, the three before it with a clue
    two sketches       ─► alike                depends on these two articles only
    pairs              ─► stories              what hangs together, named by its first article

The candidates grow with the articles, not with their pairs, whatever they share.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from zlib import crc32

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
"""Days between two tellings; an article without a date may be of any day."""

_FIGURE = re.compile(r"\d+")
_PARTS = re.compile(r"[\d〇零一二两三四五六七八九十百千上中下\s]+")
_HEAD = 4  # numbers before the clauses

# One before it is not enough: between two tellings there may be something else in their mould.
CANDIDATES = f"""
    with sharing as (
      select * from (
        select docid, lag(docid) over w as one, lag(docid, 2) over w as two,
          lag(docid, 3) over w as three
        from staged.clues join staged.docids using (article)
        window w as (partition by clue order by docid)
      ) where one is not null
    ),
    pairs(docid, before) as (
      select docid, one from sharing union select docid, two from sharing
      union select docid, three from sharing
    )
    select a.docid, first.sketch, b.docid, second.sketch
    from pairs
      join articles a on a.docid = pairs.before
      join articles b on b.docid = pairs.docid
      join staged.sketches first on first.article = a.id
      join staged.sketches second on second.article = b.id
    where coalesce(abs(julianday(a.day) - julianday(b.day)), 0) <= {DAYS}
"""
"""Pairs of docids that may tell one story, the earlier first, each with its sketch."""

KEEP_STORY = """
    insert into stories (story, article)
    select first.id, telling.id from articles first, articles telling
    where first.docid = ? and telling.docid = ?
"""
"""Takes what `stories` yields."""


def sketch(title: str, text: str) -> bytes:
    """What `alike` needs to know of an article, from its folded title and its folded text."""
    clauses = _numbers(c for c in text.replace(" ", "").split("\n") if len(c) >= SHORTEST_CLAUSE)
    figures = _numbers(_FIGURE.findall(text))
    names = _numbers([title])[0], _numbers([_PARTS.sub("", title)])[0]
    head = (*names, len(text), min(len(clauses), KEPT))
    return array("I", (*head, *clauses[:KEPT], *figures[:KEPT])).tobytes()


def clues(sketch: bytes) -> list[int]:
    """The numbers by which tellings of one story find each other; none of a short text."""
    clauses = _read(sketch)[3]
    return list(clauses[:CLUES]) if len(clauses) >= FEWEST_CLAUSES else []


def alike(one: bytes, other: bytes) -> bool:
    """Whether two articles tell the same: most of the shorter's clauses, and its figures.

    Titles that differ in their numbers only ("part 1", 第十一集) name two articles.
    """
    title, mould, length, clauses, figures = _read(one)
    title_2, mould_2, length_2, clauses_2, figures_2 = _read(other)
    if mould == mould_2 and title != title_2:
        return False
    if max(length, length_2) > LONGEST * min(length, length_2):
        return False
    few = min(len(figures), len(figures_2)) < FEWEST_FIGURES
    return _shared(clauses, clauses_2) >= SHARED and (few or _shared(figures, figures_2) >= SHARED)


def stories(pairs: Iterable[tuple[int, bytes, int, bytes]]) -> Iterator[tuple[int, int]]:
    """(first telling, telling) of each article of each story, in order, from CANDIDATES.

    What hangs together by pairs that are alike is one story; it goes by its earliest telling.
    """
    earlier: dict[int, int] = {}
    for one, its_sketch, other, other_sketch in pairs:
        if alike(its_sketch, other_sketch):
            first, second = sorted((_first(one, earlier), _first(other, earlier)))
            earlier[first] = first
            earlier[second] = first
    yield from sorted((_first(telling, earlier), telling) for telling in earlier)


def _numbers(texts: Iterable[str]) -> list[int]:
    """A number of each different text, the smallest first."""
    return sorted({crc32(text.encode("utf-8", "surrogatepass")) for text in texts})


def _first(telling: int, earlier: dict[int, int]) -> int:
    """The earliest telling known of a story; shortens the way there (union-find)."""
    way = [telling]
    while (before := earlier.get(way[-1], way[-1])) != way[-1]:
        way.append(before)
    earlier.update(dict.fromkeys(way[:-1], way[-1]))
    return way[-1]


def _read(sketch: bytes) -> tuple[int, int, int, array[int], array[int]]:
    """(title, mould, length of the text, clauses, figures) of a sketch."""
    numbers = array("I", sketch)
    title, mould, length, kept = numbers[:_HEAD]
    return title, mould, length, numbers[_HEAD : _HEAD + kept], numbers[_HEAD + kept :]


def _shared(one: array[int], other: array[int]) -> float:
    """The part of the smaller set that the larger holds too, as far as both were kept."""
    full = [numbers[-1] for numbers in (one, other) if len(numbers) == KEPT]
    here, there = set(one), set(other)
    if full:
        reach = min(full)
        here = {number for number in here if number <= reach}
        there = {number for number in there if number <= reach}
    return len(here & there) / max(min(len(here), len(there)), 1)
