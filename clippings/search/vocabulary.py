"""The words of some texts, without a dictionary: by how often characters stand together.

    texts ─► units: Chinese characters, words of other scripts ─► sequences of up to four characters
      ─► those that hold together and stand freely ─► those not mostly part of a longer one

A sequence of two to four Chinese characters is a word here if

- it holds together: wherever it is cut in two, the parts stand side by side so many times as often
  as by chance (pointwise mutual information of COHESION bits; Church and Hanks 1990);
- it stands freely: what comes before it varies, and what comes after (branching entropy of at
  least FREEDOM bits; Jin and Tanaka-Ishii 2006; each edge of a clause counts as something else);
- one of three or four holds none of the characters that are often words by themselves (的 了 在);
- at least half of its places are no part of a longer such word.

So 半导体 is a word, and 半导, 导体 and 的半 are not. A single character is one if it stands
LEAST_SINGLE times, and at least half of its places are neither part of a word nor of two characters
that hold together.
A segmenter with a dictionary would know more words, but not those of tomorrow's news, and it cuts
the same text in different ways, so that its counts are not those of the search.
"""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clippings.search.arrays import Mask, Places, code_points
from clippings.search.occurrences import Texts, read_sample
from clippings.search.query import EVERYTHING
from clippings.search.snippets import end_in_text, fold_with_origin

LONGEST = 4
COHESION = {2: 4.0, 3: 6.0, 4: 6.0}
FREEDOM = 1.2
LEAST = 5
"""Times that a word has to stand in the texts."""

LEAST_SINGLE = 20

ENOUGH = 1_000_000
"""Characters of text by which words are known well."""

COMMON = 0.001
"""Share of the units from which on a character that is mostly a word by itself is no part of a
longer one."""

_HELD = 3.0  # bits: two characters of which neither stands by itself

Counts = npt.NDArray[np.int64]


class _Sequences(NamedTuple):
    """All sequences of one size: `ids` has the number of the one that begins at each unit (0: none,
    and so for LONGEST units more); of each number, how often it stands, and where first."""

    ids: Places
    counts: Counts
    first: Places


class Vocabulary:
    """The words of texts, numbered from 0, and each of their places.

    `size` is how many units each word has, `first` the unit with which it first begins. Of each
    place, `word` is the number of the word, `begin` the unit with which it begins, and `is_free`
    whether it is no part of a longer word.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        sizes = _number(texts)
        units = np.arange(len(texts.units[0]))
        total = max(1, int(np.count_nonzero(texts.units[2])))
        is_held = _is_held(sizes, total)[units]
        reach = np.zeros(len(units) + LONGEST, np.intp)  # how far a longer word goes on from a unit
        found: list[tuple[npt.NDArray[Any], ...]] = []
        words = _candidates(sizes, texts.units[2], is_held, total)
        for size in range(LONGEST, 0, -1):
            each, is_word = sizes[size - 1], words[size - 1]
            is_free = reach[units] < units + size
            if size == 1:
                is_free &= ~is_held
            is_word &= _stands_freely(each, is_free)
            begin = np.flatnonzero(is_word[each.ids])
            for at in range(size):
                reach[begin + at] = np.maximum(reach[begin + at], begin + size)
            first = each.first[is_word]
            word = np.cumsum(is_word)[each.ids[begin]] - 1 + sum(len(row[0]) for row in found)
            found.append((first, np.full(len(first), size), word, begin, is_free[begin]))
        self.first, self.size, self.word, self.begin, self.is_free = map(
            np.concatenate, zip(*found, strict=True)
        )

    def written(self, number: int) -> str:
        """Return a word as it is written where it first stands."""
        texts, first = self._texts, self.first[number]
        start, end = texts.units[0][first], texts.units[1][first + self.size[number] - 1]
        text = texts.text_at(int(start))
        origin = fold_with_origin(texts.plain[text])[1]
        low, high = int(start) - texts.starts[text], int(end) - texts.starts[text]
        return texts.plain[text][origin[low] : end_in_text(origin, high)]

    def count(self, places: Mask) -> Counts:
        """Return how often each word stands at some of the places."""
        return np.bincount(self.word[places], minlength=len(self.size))

    def count_texts(self, places: Mask) -> Counts:
        """Return in how many texts each word stands at some of the places."""
        starts = self._texts.starts
        texts = np.searchsorted(starts, self._texts.units[0][self.begin[places]], "right")
        pairs = np.unique(self.word[places] * (len(starts) + 1) + texts)
        return np.bincount(pairs // (len(starts) + 1), minlength=len(self.size))

    def stands_freely(self, places: Mask) -> Mask:
        """Return whether at least half of a word's places among some are no part of a longer."""
        return 2 * self.count(places & self.is_free) >= self.count(places)


def with_sample(conn: sqlite3.Connection, texts: Texts) -> Texts:
    """Return texts, and behind those of few characters others of the archive, by which words are
    known better."""
    missing = ENOUGH - sum(map(len, texts.plain))
    others = read_sample(conn, EVERYTHING, missing).plain if missing > 0 else []
    return Texts(texts.docids, [*texts.plain, *others], texts.found)


def _number(texts: Texts) -> list[_Sequences]:
    """Number the sequences of each size from 1 to LONGEST + 1. Those of a size are found among the
    neighbours of one less, both of which stand twice at least, as whatever stands twice has parts
    that do."""
    starts, _, is_character = texts.units
    keys = _unit_keys(texts)
    places = np.flatnonzero(keys)
    keys = keys[places]
    beside = np.zeros(len(starts) + LONGEST - 1, bool)
    beside[: max(len(starts) - 1, 0)] = (
        is_character[:-1] & is_character[1:] & (np.diff(starts) == 1)
    )
    found = []
    for _ in range(LONGEST + 1):
        _, first, inverse, counts = np.unique(
            keys, return_index=True, return_inverse=True, return_counts=True
        )
        ids = np.zeros(len(starts) + LONGEST, np.intp)
        ids[places] = inverse + 1
        counts = np.concatenate([[0], counts])
        found.append(_Sequences(ids, counts, np.concatenate([[0], places[first]]).astype(np.intp)))
        often = counts[ids] > 1
        places = np.flatnonzero(often[:-1] & often[1:] & beside)
        keys = ids[places] * len(counts) + ids[places + 1]
    return found


def _unit_keys(texts: Texts) -> Places:
    """Return a number for each unit; 0 for numbers and single letters, which are no words."""
    starts, ends, is_character = texts.units
    keys = code_points(texts.folded)[starts].astype(np.intp)
    known: dict[str, int] = {}
    spans = zip(starts[~is_character].tolist(), ends[~is_character].tolist(), strict=True)
    words = (texts.folded[start:end] for start, end in spans)
    keys[~is_character] = [
        known.setdefault(word, len(known) + 0x110000)
        if len(word) > 1 and not word.isdecimal()
        else 0
        for word in words
    ]
    return keys


def _is_held(sizes: list[_Sequences], total: int) -> Mask:
    """Return of each unit whether it is in a pair that holds together."""
    ids, counts, _ = sizes[1]
    pairs = np.flatnonzero(((_cohesion(sizes, 2, total) >= _HELD) & (counts >= LEAST))[ids])
    is_held = np.zeros(len(ids), bool)
    is_held[pairs] = is_held[pairs + 1] = True
    return is_held


def _candidates(
    sizes: list[_Sequences], is_character: Mask, is_held: Mask, total: int
) -> list[Mask]:
    """Return of the sequences of each size whether they are words, if not parts of longer ones."""
    singles = sizes[0]
    least = np.full(len(singles.counts), LEAST)
    least[1:][is_character[singles.first[1:]]] = LEAST_SINGLE
    is_common = (least == LEAST_SINGLE) & (singles.counts >= COMMON * total)
    is_common &= (singles.counts >= least) & _stands_freely(singles, ~is_held)
    found = [singles.counts >= least]
    for size in range(2, LONGEST + 1):
        is_word = _holds(sizes, size, total)
        if size > 2:
            parts = sizes[size - 1].first[:, None] + np.arange(size)
            is_word &= ~is_common[singles.ids[parts]].any(axis=1)
        found.append(is_word)
    return found


def _stands_freely(each: _Sequences, is_free: Mask) -> Mask:
    """Return of each number whether at least half of its places are free."""
    free = np.bincount(each.ids[: len(is_free)][is_free], minlength=len(each.counts))
    return 2 * free >= each.counts


def _cohesion(sizes: list[_Sequences], size: int, total: int) -> npt.NDArray[np.float64]:
    """Return the mutual information of each sequence, where it is least, in bits."""
    _, counts, first = sizes[size - 1]
    cohesion = np.full(len(counts), np.inf)
    for at in range(1, size):
        left = sizes[at - 1].counts[sizes[at - 1].ids[first]]
        right = sizes[size - at - 1].counts[sizes[size - at - 1].ids[first + at]]
        chance = np.maximum(left, 1) / total * right
        cohesion = np.minimum(cohesion, np.log2(np.maximum(counts, 1) / np.maximum(chance, 1e-9)))
    return cohesion


def _holds(sizes: list[_Sequences], size: int, total: int) -> Mask:
    """Return of each sequence of a size whether it holds together and stands freely."""
    ids, counts, _ = sizes[size - 1]
    _, longer, first = sizes[size]
    weights = longer * np.log2(np.maximum(longer, 1))
    known = np.maximum(counts, 1)
    holds = (counts >= LEAST) & (_cohesion(sizes, size, total) >= COHESION[size])
    for at in (0, 1):  # the longer sequences that begin with it, and those that end with it
        varied = np.bincount(ids[first + at], weights, minlength=len(counts))
        holds &= np.log2(known) - varied / known >= FREEDOM
    return holds
