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
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from clippings.search.arrays import Mask, Places, TextBatch
from clippings.search.folding import fold
from clippings.search.query import EVERYTHING
from clippings.search.snippets import end_in_text, fold_with_origin
from clippings.search.texts import read_texts

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
Floats = npt.NDArray[np.float64]


class Words:
    """Texts as a row of units, and the words in it.

    `starts` and `ends` are where each unit stands in the `folded` texts, `edges` the unit with
    which each text begins, and their number. Of each size from 1, `ids` has a number for the
    sequence that begins at each unit, and LONGEST more (0: none), `words` the numbers of
    those that are words, `free` whether what begins at each unit is no part of a longer word.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        batch = TextBatch(texts)
        self.folded = batch.folded
        self.starts, self.ends, is_character = batch.units()
        self._is_character = np.append(is_character, np.zeros(LONGEST, bool))
        self._places = np.cumsum([1, *(length + 1 for length in batch.lengths)])
        self.edges: Places = np.searchsorted(self.starts, self._places)
        self.ids: list[Places] = []
        self._counts: list[Counts] = []  # of each number
        self._first: list[Places] = []  # the unit at which each number first stands
        self._number()
        self._total = max(1, int(np.count_nonzero(self._is_character)))
        self.free: list[Mask] = []
        is_character = self._is_character[self._first[0]]
        least = np.where(is_character, LEAST_SINGLE, LEAST)
        often = np.flatnonzero(self._counts[0] >= least)
        self.words: list[Places] = [often, self._holding(2)]
        single, _ = self._leave_out_parts()
        self.words[0] = often
        common = single[is_character[single] & (self._counts[0][single] >= COMMON * self._total)]
        for size in range(3, LONGEST + 1):
            longer = self._holding(size)
            first = self._first[size - 1][longer]
            parts = [np.isin(self.ids[0][first + at], common) for at in range(size)]
            self.words.append(longer[~np.any(parts, axis=0)])
        self.words = self._leave_out_parts()

    def text(self, index: int, size: int) -> str:
        """Return a word of a size as it is written where it first stands, by its index in
        `words`."""
        first = self._first[size - 1][self.words[size - 1][index]]
        text = int(np.searchsorted(self.edges, first, "right")) - 1
        written, before = self._texts[text], self._places[text]
        origin = fold_with_origin(written)[1]
        low, high = self.starts[first] - before, self.ends[first + size - 1] - before
        return written[origin[low] : end_in_text(origin, high)]

    def count(self, size: int, places: Places | slice) -> Counts:
        """Return how often each word of a size begins at some places of the row."""
        ids, words = self.ids[size - 1], self.words[size - 1]
        return np.bincount(ids[places], minlength=len(self._counts[size - 1]))[words]

    def stands_freely(self, size: int, places: Places | slice) -> Mask:
        """Return whether at least half of a word's places among some are no part of a longer."""
        ids, words = np.where(self.free[size - 1], self.ids[size - 1], 0), self.words[size - 1]
        free = np.bincount(ids[places], minlength=len(self._counts[size - 1]))[words]
        return 2 * free >= self.count(size, places)

    def articles(self, index: int, size: int, part: slice) -> int:
        """Return how many texts of a part of the row hold a word."""
        key = self.words[size - 1][index]
        places = np.flatnonzero(self.ids[size - 1][part] == key) + part.start
        return len(np.unique(np.searchsorted(self.edges, places, "right")))

    def characters(self, part: slice) -> int:
        """Return the letters and Chinese characters of a part of the row."""
        return int((self.ends[part] - self.starts[part]).sum())

    def _number(self) -> None:
        """Number the sequences. Those of a size are found among the neighbours of one less, both
        of which stand twice at least, as whatever stands twice has parts that do."""
        size = len(self.starts)
        keys = _units(self.folded, self.starts, self.ends, self._is_character[:size])
        places = np.flatnonzero(keys)
        keys = keys[places]
        beside = self._is_character[:-1] & self._is_character[1:]
        beside[: max(size - 1, 0)] &= np.diff(self.starts) == 1
        for _ in range(LONGEST + 1):
            found = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
            ids = np.zeros(size + LONGEST, np.intp)
            ids[places] = found[2] + 1
            counts = np.concatenate([[0], found[3]])
            self.ids.append(ids)
            self._counts.append(counts)
            self._first.append(np.concatenate([[0], places[found[1]]]).astype(np.intp))
            often = counts[self.ids[-1]] > 1
            places = np.flatnonzero(often[:-1] & often[1:] & beside)
            keys = self.ids[-1][places] * len(counts) + self.ids[-1][places + 1]

    def _cohesion(self, size: int) -> Floats:
        """Return the mutual information of each sequence, where it is least, in bits."""
        first, counts = self._first[size - 1], self._counts[size - 1]
        cohesion = np.full(len(counts), np.inf)
        for at in range(1, size):
            left = self._counts[at - 1][self.ids[at - 1][first]]
            right = self._counts[size - at - 1][self.ids[size - at - 1][first + at]]
            chance = np.maximum(left, 1) / self._total * right
            cohesion = np.minimum(
                cohesion, np.log2(np.maximum(counts, 1) / np.maximum(chance, 1e-9))
            )
        return cohesion

    def _holding(self, size: int) -> Places:
        """Return the sequences of a size that hold together and stand freely."""
        counts, longer = self._counts[size - 1], self._counts[size]
        weights = longer * np.log2(np.maximum(longer, 1))
        is_free = counts >= LEAST
        for at in (0, 1):  # the longer sequences that begin with it, and those that end with it
            inside = self.ids[size - 1][self._first[size] + at]
            varied = np.bincount(inside, weights, minlength=len(counts))
            known = np.maximum(counts, 1)
            is_free &= np.log2(known) - varied / known >= FREEDOM
        return np.flatnonzero(is_free & (self._cohesion(size) >= COHESION[size]))

    def _leave_out_parts(self) -> list[Places]:
        """Return the words of which at least half stand by themselves, the longest first."""
        place = np.arange(len(self.ids[0]))
        covered = np.zeros(len(place) + LONGEST, np.intp)  # how far a longer word reaches
        kept: list[Places] = []
        self.free.clear()
        for size in range(len(self.words), 0, -1):
            ids, counts = self.ids[size - 1], self._counts[size - 1]
            if size == 1:
                held = (self._cohesion(2) >= _HELD) & (self._counts[1] >= LEAST)
                pairs = np.flatnonzero(held[self.ids[1]])
                for at in (0, 1):
                    covered[pairs + at] = np.maximum(covered[pairs + at], pairs + at + 1)
            is_free = covered[: len(place)] < place + size
            self.free.insert(0, is_free)
            free = np.bincount(ids[is_free], minlength=len(counts))
            words = self.words[size - 1]
            kept.insert(0, words[2 * free[words] >= counts[words]])
            is_word = np.zeros(len(counts), bool)
            is_word[kept[0]] = True
            hits = place[is_word[ids]]
            for at in range(size):
                covered[hits + at] = np.maximum(covered[hits + at], hits + size)
        return kept


def with_sample(conn: sqlite3.Connection, texts: Sequence[str]) -> list[str]:
    """Return texts, and behind those of few characters others of the archive, by which words are
    known better."""
    missing = ENOUGH - sum(map(len, texts))
    others = read_texts(conn, EVERYTHING, False, missing).plain if missing > 0 else []
    return [*texts, *others]


def is_part(word: str, terms: Iterable[str]) -> bool:
    """Return whether a word is in one of the terms of a query."""
    return any(fold(word) in fold(term) for term in terms)


def _units(folded: str, starts: Places, ends: Places, is_character: Mask) -> Places:
    """Return a number for each unit; 0 for numbers and single letters, which are no words."""
    codes = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), np.uint32)
    keys = codes[starts].astype(np.intp) if len(starts) else np.zeros(0, np.intp)
    known: dict[str, int] = {}
    spans = zip(starts[~is_character].tolist(), ends[~is_character].tolist(), strict=True)
    words = (folded[start:end] for start, end in spans)
    keys[~is_character] = [
        known.setdefault(word, len(known) + 0x110000)
        if len(word) > 1 and not word.isdecimal()
        else 0
        for word in words
    ]
    return keys
