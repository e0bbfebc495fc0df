"""Many texts as one array of code points: folded, cut into tokens and numbered by vectors.

    texts     "Wi-Fi 用AI", "核战争"
      │ joined, and looked up in a table over all code points, which `folding` fills
    codes     ⊥  w  i  ⏎  f  i  ␣  用  a  i  ⊥  核  战  争  ⊥     ⊥ stands around each text
    kinds     E  L  L  B  L  L  S  C  L  L  E  C  C  C  E
      │ the space at a seam goes; then each pair of neighbours writes its part
    words     wi · fi · 用b · 用a · ai ⊥ 核战 · 战争 ⊥

Two CJK characters write both and a space, two letters the first, a letter before a blank the
letter and a space. The rules are those that `tokens` states.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from clippings.search import folding

Codes = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Entries = TypeVar("Entries", Codes, Kinds)

BEFORE, AFTER = "b", "a"  # on a CJK character at a seam: where the other writing stands

_SPACE, _BREAK, _CLOSE, _CJK, _LETTER, _DIGIT, _SIGN, _PLUS, _HASH, _PERCENT = range(1, 11)
_APART = 1 << 31  # a text that holds such a character is folded as a string
_UTF_32 = f"utf-32-{sys.byteorder[0]}e"
_EDGE = 0x110000  # no character has this number
_ENTRIES: Codes = np.zeros(_EDGE + 1, np.uint32)  # folded code | kind << 24; 0: not met yet
_ENTRIES[_EDGE] = 10 | _CLOSE << 24

# How many codes a pair of neighbours writes, by their kinds (left << 4 | right).
_WIDTH = np.zeros(256, np.uint8)
for _left in range(_LETTER, _PERCENT + 1):
    _WIDTH[_left << 4 : _left + 1 << 4] = 2  # "i "
    _WIDTH[_left << 4 | _left] = 2 if _left in (_SIGN, _PERCENT) else 1  # "★ ", "w"
    _WIDTH[_left << 4 | _CJK] = 5  # "i 芯b "
_WIDTH[_CJK << 4 | _CJK : _CJK + 1 << 4] = 3  # "核战 ", "用a "
_WIDTH[_CLOSE << 4 : _CLOSE + 1 << 4] = 1

_BASE, _MIX = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9  # those of splitmix64


class Numbered(NamedTuple):
    """Pieces of texts: the index of the text that each is from, and its 32-bit hash."""

    text: Places
    number: Codes


class TextBatch:
    """Texts that are folded: the codes and kinds of all of them, and where each ends."""

    def __init__(self, texts: Sequence[str]) -> None:
        entries = _entries_of(texts)
        if len(apart := np.flatnonzero(entries & _APART)):
            texts = list(texts)
            edges = np.flatnonzero(entries == _ENTRIES[_EDGE])
            for number in np.unique(np.searchsorted(edges, apart) - 1).tolist():
                texts[number] = folding.fold(texts[number])
            entries = _entries_of(texts)
        self._codes: Codes = entries & np.uint32(0x1FFFFF)
        self._kinds = (entries >> 24 & 0xF).astype(np.uint8)
        self._edges: Places = np.flatnonzero(self._kinds == _CLOSE)

    @property
    def lengths(self) -> list[int]:
        """Return the folded length of each text in characters."""
        lengths: list[int] = (np.diff(self._edges) - 1).tolist()
        return lengths

    @property
    def folded(self) -> str:
        """All texts folded, as `folding.fold` does, with a line break around each."""
        return self._codes.tobytes().decode(_UTF_32)

    def units(self) -> tuple[Places, Places, Mask]:
        """Return where each unit begins and ends in `folded`, and whether it is a character.

        The characters of scripts without spaces are units, and whole words of others; also runs
        of katakana and, between spaces, of hangul.
        """
        codes, kinds = self._codes, self._kinds
        script = np.where((kinds == _LETTER) | (kinds == _DIGIT), 1, 0)
        script[(codes >= 0x30A1) & (codes <= 0x30FF)] = 2
        script[(codes >= 0xAC00) & (codes <= 0xD7A3)] = 3
        change = np.diff(script, prepend=0, append=0) != 0
        begins = np.flatnonzero(change[:-1] & (script > 0))
        ends = np.flatnonzero(change[1:] & (script > 0)) + 1
        characters = np.flatnonzero((kinds == _CJK) & (script == 0))
        starts = np.concatenate([characters, begins])
        order = np.argsort(starts, kind="stable")
        ends = np.concatenate([characters + 1, ends])
        return starts[order], ends[order], order < len(characters)

    @cached_property
    def characters(self) -> list[str]:
        """Return the different CJK characters of each text, in the order of Unicode."""
        places = np.flatnonzero(self._kinds == _CJK)
        found = distinct(_texts_of(places, self._edges) << 21 | self._codes[places])
        characters = (found & 0x1FFFFF).astype(np.uint32).tobytes().decode(_UTF_32)
        cuts = np.searchsorted(found, np.arange(len(self._edges)) << 21).tolist()
        return [characters[start:end] for start, end in pairwise(cuts)]

    @property
    def fields(self) -> list[str]:
        """Return what a column of the index gets of each text: its characters, then its words."""
        return [
            f"{' '.join(characters)} {words}".strip()
            for characters, words in zip(self.characters, self.words, strict=True)
        ]

    @cached_property
    def words(self) -> list[str]:
        """Return the tokens of each text in their order, separated by spaces."""
        written = self._written.tobytes().decode(_UTF_32)
        return [words[:-1] for words in written.split("\n")[1:-1]]

    def word_numbers(self, least: int) -> Numbered:
        """Number the tokens of `least` or more characters, in their order."""
        edges = np.flatnonzero(self._written == 10)
        return _number(self._written, self._written > 32, edges, least)

    def clause_numbers(self, least: int) -> Numbered:
        """Number what stands between marks and line breaks, spaces left out."""
        kept = self._kinds != _SPACE
        codes, kinds = self._codes[kept], self._kinds[kept]
        return _number(codes, kinds >= _CJK, np.flatnonzero(kinds == _CLOSE), least)

    def figure_numbers(self) -> Numbered:
        """Number the runs of digits."""
        return _number(self._codes, self._kinds == _DIGIT, self._edges, 1)

    @cached_property
    def _written(self) -> Codes:
        """Return the tokens as codes: a space after each token, a line break after each text."""
        codes, left = _without_gaps(self._codes, self._kinds)
        right = np.append(left[1:], _CLOSE)
        width = _WIDTH[left << 4 | right]
        lone = np.flatnonzero((left == _CJK) & (right < _CJK))
        width[lone[left[lone - 1] < _CJK]] = 2
        place = np.cumsum(width, dtype=np.intp) - width
        written = np.full(width.sum(), 32, np.uint32)
        first = np.flatnonzero(width)
        written[place[first]] = codes[first]
        pair = np.flatnonzero((left == _CJK) & (right >= _CJK))
        ahead = np.where(right[pair] > _CJK, ord(AFTER), codes[pair + 1])
        written[place[pair] + 1] = ahead
        seam = np.flatnonzero((left > _CJK) & (right == _CJK))
        written[place[seam] + 2] = codes[seam + 1]
        written[place[seam] + 3] = ord(BEFORE)
        return written


def code_points(text: str) -> Codes:
    """Return the number of each character of a text."""
    return np.frombuffer(text.encode(_UTF_32, "surrogatepass"), np.uint32)


def look_up(codes: Codes, table: Entries, entry: Callable[[str], int]) -> Entries:
    """Return the entry of each code point. A table has 0 for those not met before: what `entry`
    says of such a character is written into it."""
    entries = table[codes]
    if not entries.all():
        for code in np.unique(codes[entries == 0]).tolist():
            table[code] = entry(chr(code))
        entries = table[codes]
    return entries


def distinct(keys: Keys) -> Keys:
    """Return the different ones, sorted; np.unique of so many takes thirty times as long."""
    ordered = np.sort(keys)
    return ordered[np.diff(ordered, prepend=-1) > 0]


def _entries_of(texts: Sequence[str]) -> Codes:
    """Return the entries of all characters of all texts, with that of an edge around each text."""
    codes = code_points("\0".join(["", *texts, ""])).copy()
    codes[np.cumsum([0, *(len(text) + 1 for text in texts)])] = _EDGE
    return look_up(codes, _ENTRIES, _entry)


def _entry(character: str) -> int:
    folded = folding.fold_character(character)
    if len(folded) != 1:
        return _APART
    return ord(folded) | _kind(folded) << 24 | folding.is_combining(character) * _APART


def _kind(folded: str) -> int:
    if folded in " \n":
        return _SPACE if folded == " " else _BREAK
    if folding.is_of(folding.CJK, folded):
        return _CJK
    if folding.is_of(folding.SIGNS, folded):
        return _SIGN
    if folded in folding.SYMBOLS:
        return {"+": _PLUS, "%": _PERCENT}.get(folded, _HASH)
    return _DIGIT if folded in "0123456789" else _LETTER


def _without_gaps(codes: Codes, kinds: Kinds) -> tuple[Codes, Kinds]:
    """Leave out the spaces at a seam, and make the symbols blank that belong to no word."""
    space = np.flatnonzero(kinds == _SPACE)
    left, right = kinds[space - 1], kinds[space + 1]
    after = (left == _CJK) & (right > _CJK)
    before = (left > _CJK) & ((right == _CJK) | (right == _PERCENT))
    seam = after | before
    codes, kinds = np.delete(codes, space[seam]), np.delete(kinds, space[seam])
    symbols = np.flatnonzero(kinds >= _PLUS)
    for place in symbols[kinds[symbols - 1] < _CJK].tolist():
        stop = place
        while kinds[stop] >= _PLUS:
            stop += 1
        while kinds[place] >= _PLUS and (kinds[place] != _HASH or kinds[stop] < _CJK):
            kinds[place] = _BREAK
            place += 1
    return codes, kinds


def _number(codes: Codes, inside: Mask, edges: Places, least: int) -> Numbered:
    """Number the runs of codes that are `inside` and at least so long, by a polynomial hash.

    The sum of code * _BASE ** place over a run, divided by _BASE ** start, is the same wherever
    the run stands; an odd base can be divided by modulo 2 ** 64. Then the bits are mixed.
    """
    bounds = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, stops = bounds[::2], bounds[1::2]
    long = stops - starts >= least
    starts, stops = starts[long], stops[long]
    size = max(1 << len(codes).bit_length(), 1 << 16)
    powers, inverses = _kept_powers(size) if size <= 1 << 20 else _powers(len(codes))
    sums = codes * powers[: len(codes)]
    np.cumsum(sums, out=sums)
    hashes = (sums[stops - 1] - sums[starts - 1]) * inverses[starts]
    hashes = (hashes ^ hashes >> np.uint64(32)) * np.uint64(_MIX)
    return Numbered(_texts_of(starts, edges), (hashes >> np.uint64(32)).astype(np.uint32))


@lru_cache(maxsize=1)
def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Return so many powers of _BASE and of its inverse, modulo 2 ** 64."""
    powers, inverses = (np.full(size, base, np.uint64) for base in (_BASE, pow(_BASE, -1, 2**64)))
    np.multiply.accumulate(powers, out=powers)
    np.multiply.accumulate(inverses, out=inverses)
    return powers, inverses


_kept_powers = lru_cache(maxsize=4)(_powers)


def _texts_of(places: Places, edges: Places) -> Places:
    """Return the index of the text in which each place lies; places are sorted."""
    counts = np.diff(np.searchsorted(places, edges))
    return np.repeat(np.arange(len(counts)), counts)
