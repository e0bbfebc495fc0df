"""Near-duplicates: articles of the same days whose text is nearly the same.

A text is cut at its punctuation, and each clause is a number. An article keeps the smallest of
its numbers, a sample that every copy of the same text draws alike: MinHash by one function
with a bottom-k sketch (Broder 1997, doi:10.1109/SEQUEN.1997.666900; Cohen and Kaplan 2007,
doi:10.1145/1281100.1281133), of clauses instead of k characters, so that most articles are kept
whole and compared exactly, and a clause that was changed counts once.

    title, folded text ─► sketch ─► band keys   on any worker
    band keys    ─► candidate pairs       each article, and the three before it with a key
    their sketches ─► find_frames         the clauses that a source has in all its articles
    two sketches ─► is_near_duplicate     by what is not of a frame
    pairs        ─► components            what hangs together is one group

The pairs grow with the articles, not with all their pairs, whatever they share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

KEPT = 128
"""Clauses in a sketch. Of longer articles the part that is shared is an estimate: of 0.85, with a
standard error of 0.03."""

SHORTEST_CLAUSE = 6
"""Characters; what is shorter ("he said", 与此同时) stands in any article."""

FEWEST_CLAUSES = 5
"""A text of fewer has too little of its own to be told by."""

BAND_KEYS = 12
"""Of pairs in which a third of all clauses is shared, one in 130 has no key in common."""

SHARED = 0.85
"""The part of the shorter's clauses that the longer must have too: below 0.7 articles of one
template come together, above 0.9 those that two publishers framed fall apart
(benchmarks/stories.py)."""

SAME_SOURCE = 0.98
"""That part where one source has two titles for them: it tells its own story again with additions
only, else these are two articles of one form."""

FRAME = 5
"""A clause in so many articles of one source, each with another title, is of its frame."""

LONGEST = 2
"""An article so many times as long as another tells other things besides: a digest."""

FEWEST_FIGURES = 3
"""From so many on, figures must be shared like clauses: reports of one template (weather, markets)
have their words in common."""

DAYS = 3
"""Days between two near-duplicates. What has no date is of one day, its own: else it would join
what is years apart."""

NEIGHBOURS = 3
"""Articles before it, by day, that an article is compared with for each key. One is not enough:
between two there may be something else of their template."""

LARGEST = 2**32 - 1
"""The largest number of a clause."""

_HEAD = 6  # numbers before the clauses, among them:
_TITLE, _SOURCE, _COUNT = 1, 3, 5

Frames = Mapping[int, frozenset[int]]
"""Source → the clauses that stand in all of its articles."""

_NONE: frozenset[int] = frozenset()
_NO_FRAMES: Frames = {}


class Sketch(NamedTuple):
    """What is compared of two articles; numbers stand for texts."""

    title: int
    title_template: int
    source: int  # 0: not given
    length: int
    clauses: frozenset[int]
    figures: frozenset[int]


class Sketches(NamedTuple):
    """The sketches of all articles, one after the other: uint32 numbers."""

    begins: Array  # where each begins, and where the last one ends
    numbers: Array

    def read(self, article: int) -> Sketch:
        """Unpack one."""
        numbers = self.numbers[self.begins[article] : self.begins[article + 1]]
        _, title, template, source, length, kept = numbers[:_HEAD].tolist()
        clauses = frozenset(numbers[_HEAD : _HEAD + kept].tolist())
        figures = frozenset(numbers[_HEAD + kept :].tolist())
        return Sketch(title, template, source, length, clauses, figures)

    def clauses(self, article: int) -> Array:
        """Return the clauses of an article."""
        begin = self.begins[article] + _HEAD
        clauses: Array = self.numbers[begin : begin + self.numbers[begin - 1]]
        return clauses

    def head(self, column: int) -> Array:
        """Return one of the numbers before the clauses of each article."""
        numbers: Array = self.numbers[self.begins[:-1] + column]
        return numbers

    def band_keys(self) -> tuple[Array, Array]:
        """Return how many band keys each article has, a short text none, and all of them: the
        numbers by which near-duplicates find each other."""
        kept = self.head(_COUNT)
        counts = np.where(kept < FEWEST_CLAUSES, 0, np.minimum(kept, BAND_KEYS)).astype(np.int64)
        ends = np.cumsum(counts)
        first = self.begins[:-1] + _HEAD - (ends - counts)
        return counts, self.numbers[first.repeat(counts) + np.arange(counts.sum())]


def is_near_duplicate(one: Sketch, other: Sketch, frames: Frames = _NO_FRAMES) -> bool:
    """Whether two articles of the same days say the same: most of the shorter's clauses outside
    the frames of their sources, and figures.

    Titles that differ in their numbers only ("part 1", 第十一集) name two articles.
    """
    if one.title_template == other.title_template and one.title != other.title:
        return False
    if max(one.length, other.length) > LONGEST * min(one.length, other.length):
        return False
    ignored = [frames.get(each.source, _NONE) for each in (one, other)]
    if not (one.clauses & other.clauses).difference(*ignored):  # most pairs, of one template
        return False
    own, others = (each.clauses.difference(*ignored) for each in (one, other))
    if min(len(own), len(others)) < FEWEST_CLAUSES:
        return False
    is_retold = one.source and one.source == other.source and one.title != other.title
    least = SAME_SOURCE if is_retold else SHARED
    if _shared(own, others, _reach(one.clauses, other.clauses)) < least:
        return False
    few = min(len(one.figures), len(other.figures)) < FEWEST_FIGURES
    reach = _reach(one.figures, other.figures)
    return few or _shared(one.figures, other.figures, reach) >= SHARED


def find_groups(days: Array, sketches: Sketches) -> Iterator[tuple[int, int]]:
    """Give (one of its group, article) of each near-duplicate, ordered by the latter.

    Articles go by their place among all, which are in the order of their ids.
    """
    pairs = candidate_pairs(days, *sketches.band_keys())
    frames = find_frames(sketches, np.unique(np.concatenate(pairs)))
    known = lru_cache(maxsize=1024)(sketches.read)
    each = zip(map(int, pairs[0]), map(int, pairs[1]), strict=True)
    yield from components(
        (one, other) for one, other in each if is_near_duplicate(known(one), known(other), frames)
    )


def find_frames(sketches: Sketches, articles: Array) -> Frames:
    """Return the clauses that FRAME articles of a source have, of several with one title the
    first: what its articles share says nothing of any of them."""
    source, title = (sketches.head(n)[articles].astype(np.uint64) for n in (_SOURCE, _TITLE))
    _, first = np.unique(source << np.uint64(32) | title, return_index=True)  # ordered by source
    frames: dict[int, frozenset[int]] = {}
    for number, of_source in groupby(first.tolist(), key=source.tolist().__getitem__):
        if number:
            said = [sketches.clauses(articles[n]) for n in of_source]
            clauses, counts = np.unique(np.concatenate(said), return_counts=True)
            frames[number] = frozenset(clauses[counts >= FRAME].tolist())
    return frames


def candidate_pairs(days: Array, counts: Array, keys: Array) -> tuple[Array, Array]:
    """Return the pairs that share a key and are close in its order of days, one and other, by day:
    each article has its pairs near each other.

    `days` are the articles' days, `counts` how many of the `keys` are each one's.
    """
    by_day = np.argsort(days, kind="stable")
    rank = np.empty_like(by_day)
    rank[by_day] = np.arange(len(days))
    # One number that sorts as (key, day, id).
    packed = (keys.astype(np.uint64) << np.uint64(31)) | rank.astype(np.uint64).repeat(counts)
    packed.sort()
    key, place = packed >> np.uint64(31), packed & np.uint64(2**31 - 1)
    day = days[by_day[place]]
    found = []
    for distance in range(1, NEIGHBOURS + 1):
        is_pair = key[:-distance] == key[distance:]
        is_pair &= day[distance:] - day[:-distance] <= DAYS
        found.append(place[:-distance][is_pair] << np.uint64(31) | place[distance:][is_pair])
    pairs = np.unique(np.concatenate(found))
    return by_day[pairs >> np.uint64(31)], by_day[pairs & np.uint64(2**31 - 1)]


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


def day_number(published: str | None) -> int:
    """Return the number of a day; 0: no date."""
    return date.fromisoformat(published[:10]).toordinal() if published else 0


def _reach(one: frozenset[int], other: frozenset[int]) -> int:
    """Return the number up to which those of both texts were kept."""
    full = (max(numbers) for numbers in (one, other) if len(numbers) == KEPT)
    return min(full, default=LARGEST)


def _shared(one: frozenset[int], other: frozenset[int], reach: int) -> float:
    """The part of the smaller set that the larger holds too, of the numbers up to `reach`."""
    if reach < LARGEST:
        one, other = (frozenset(n for n in each if n <= reach) for each in (one, other))
    return len(one & other) / max(min(len(one), len(other)), 1)
