"""What stands beside a word more often than chance has it.

    query ─► texts ─► its places ─► the words within SPAN units ─► log-likelihood, log-Dice

Each is compared with how often it stands in the same articles elsewhere.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import numpy as np

from clippings.search.arrays import Places
from clippings.search.query import NOTHING, Query
from clippings.search.scores import SIGNIFICANT, log_dice, log_likelihood
from clippings.search.texts import SPAN, find_all, read_texts, windows
from clippings.search.words import LONGEST, Words, is_part, with_sample

MOST_CHARACTERS = 1_500_000
LEAST = 3
"""Times that a collocate has to stand near."""


class Collocate(NamedTuple):
    """A word that stands `near` another so many times, of which before and after it, and of so
    many `total` in the same articles."""

    word: str
    near: int
    before: int
    after: int
    total: int
    log_likelihood: float
    log_dice: float


class Collocates(NamedTuple):
    """Words, the most significant first, near `occurrences` places; `read` of the `found` articles
    were read."""

    words: list[Collocate]
    occurrences: int
    read: int
    found: int


def collocates(conn: sqlite3.Connection, query: Query, *, limit: int = 50) -> Collocates:
    """Return the `limit` words that stand within SPAN characters of Chinese, or words of others,
    of what a query looks for."""
    texts = read_texts(conn, query.match if query.terms else NOTHING, False, MOST_CHARACTERS)
    words = Words(with_sample(conn, texts.plain))
    inside = slice(0, words.edges[len(texts.plain)])
    most = words.starts[inside][-1] if words.starts[inside].size else 0
    spans = [span for span in find_all(query.terms, words.folded) if span[0] <= most]
    low, start, end, high = windows(words.starts, words.edges, spans)
    found: list[Collocate] = []
    for length in range(1, LONGEST + 1):
        steps = np.arange(SPAN - length + 1)
        before = _within(start[:, None] - length - steps, low[:, None], start[:, None])
        after = _within(end[:, None] + steps, end[:, None], high[:, None] - length + 1)
        found += _of_a_length(words, length, inside, before, after, len(spans), limit)
    found = [each for each in found if not is_part(each.word, query.terms)]
    found.sort(key=lambda each: -each.log_likelihood)
    return Collocates(found[:limit], len(spans), len(texts.docids), texts.found)


def _within(places: Places, low: Places, high: Places) -> Places:
    return np.unique(places[(places >= low) & (places < high)])


def _of_a_length(
    words: Words,
    length: int,
    inside: slice,
    before: Places,
    after: Places,
    occurrences: int,
    limit: int,
) -> list[Collocate]:
    near = np.union1d(before, after)
    ids = words.ids[length - 1]
    size, whole = max(1, len(near)), len(ids[inside])
    counts, total = words.count(length, near), words.count(length, inside)
    score = log_likelihood(counts, size, total - counts, max(1, whole - size))
    score *= words.stands_freely(length, near)
    dice = log_dice(counts, occurrences, total)
    sides = words.count(length, before), words.count(length, after)
    found = []
    for index in np.argsort(-score, kind="stable")[: 2 * limit].tolist():
        if counts[index] >= LEAST and score[index] >= SIGNIFICANT:
            word = words.text(index, length)
            n, left, right, of = (int(each[index]) for each in (counts, *sides, total))
            found.append(
                Collocate(word, n, left, right, of, float(score[index]), float(dice[index]))
            )
    return found
