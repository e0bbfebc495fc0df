"""Words that are more frequent here than there: key words of two queries, collocates of one.

    two queries ─► a sample of the texts of each ─► their words ─► log-likelihood, log ratio
    one query   ─► a sample of its texts ─► words near its own, and elsewhere ─► …, log-Dice

A side is whatever a query finds: a word, a source, a period (`source:"知乎"`, `date:2022-01`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clippings.search.arrays import Mask, Places
from clippings.search.folding import fold
from clippings.search.occurrences import SPAN, Texts, read_sample
from clippings.search.query import NOTHING, Query
from clippings.search.vocabulary import LEAST, LONGEST, Counts, Vocabulary, with_sample

Scores = npt.NDArray[np.float64]

MOST_CHARACTERS = 1_500_000
"""Characters that are read of each query."""

SIGNIFICANT = 15.13
"""Log-likelihood from which on chance has a probability of less than 0.0001 (chi-squared, one
degree of freedom; Rayson, Berridge and Francis 2004)."""

LEAST_NEAR = 3
"""Times that a collocate has to stand near."""

LEAST_ARTICLES = 3
"""A word that fewer articles of a side hold tells of them, not of the side."""

LEAST_RATIO = 1.0
"""Log ratio of a key word at least: twice as frequent."""


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


class KeyWord(NamedTuple):
    """A word that one side has more often than the other: how often it stands `here` and `there`,
    both also per million characters, and in how many `articles` here."""

    word: str
    here: int
    there: int
    articles: int
    here_rate: float
    there_rate: float
    log_likelihood: float
    log_ratio: float


class Side(NamedTuple):
    """One side: its key words, the most significant first. `read` of the `found` articles were
    read."""

    words: list[KeyWord]
    read: int
    found: int


def collocates(conn: sqlite3.Connection, query: Query, *, limit: int = 50) -> Collocates:
    """Return the `limit` words that stand within SPAN characters of Chinese, or words of others,
    of what a query looks for, compared with the rest of the same articles."""
    match = query.match if query.terms else NOTHING
    texts = with_sample(conn, read_sample(conn, match, MOST_CHARACTERS))
    edge = texts.starts[len(texts.docids)]
    spans = [span for span in texts.find(query.terms) if span[0] < edge]
    last, following = texts.nearest(texts.unit_spans(spans))
    starts, units = texts.units[0], texts.unit_numbers

    def is_near(begin: Places, size: Places | int) -> tuple[Mask, Mask]:
        """Whether so many units from `begin` on stand before, and after, a place of the query."""
        end = units[begin] + size
        return following[end] - units[begin] <= SPAN, end - last[units[begin]] <= SPAN

    words = Vocabulary(texts)
    before, after = is_near(words.begin, words.size[words.word])
    near, inside = before | after, starts[words.begin] < edge
    every = np.flatnonzero(starts < edge)
    room = [np.logical_or(*is_near(every, size + 1)).sum() for size in range(LONGEST)]
    size = np.maximum(room, 1)[words.size - 1]
    counts, total = words.count(near), words.count(inside)
    score = log_likelihood(counts, size, total - counts, np.maximum(1, len(every) - size))
    score *= (counts >= LEAST_NEAR) & words.stands_freely(near)
    columns = counts, words.count(before), words.count(after), total, score
    rows = _best(words, score, query.terms, limit, *columns, log_dice(counts, len(spans), total))
    found = [Collocate(*row) for row in rows]
    return Collocates(found, len(spans), len(texts.docids), texts.found)


def keyness(
    conn: sqlite3.Connection, first: Query, second: Query, *, limit: int = 50
) -> tuple[Side, Side]:
    """Return the `limit` words that most set each of two queries apart from the other.

    What the queries themselves look for is left out.
    """
    asked = [*first.terms, *second.terms]
    one, other = (read_sample(conn, query.match, MOST_CHARACTERS) for query in (first, second))
    both = Texts([*one.docids, *other.docids], [*one.plain, *other.plain], 0)
    texts = with_sample(conn, both)
    words = Vocabulary(texts)
    starts, ends, _ = texts.units
    edges = texts.starts[0], texts.starts[len(one.docids)], texts.starts[len(both.docids)]
    units = [(starts >= low) & (starts < high) for low, high in pairwise(edges)]
    characters = [max(1, int((ends - starts)[each].sum())) for each in units]

    def key_words(here: int, there: int) -> list[KeyWord]:
        places = units[here][words.begin]
        counts, others = words.count(places), words.count(units[there][words.begin])
        sizes = characters[here], characters[there]
        articles = words.count_texts(places)
        ratio = log_ratio(counts, sizes[0], others, sizes[1])
        score = log_likelihood(counts, sizes[0], others, sizes[1])
        score *= (counts >= LEAST) & (articles >= LEAST_ARTICLES) & (ratio >= LEAST_RATIO)
        score *= words.stands_freely(places)
        rates = counts / sizes[0] * 1e6, others / sizes[1] * 1e6
        columns = counts, others, articles, *rates, score, ratio
        return [KeyWord(*row) for row in _best(words, score, asked, limit, *columns)]

    return (
        Side(key_words(0, 1), len(one.docids), one.found),
        Side(key_words(1, 0), len(other.docids), other.found),
    )


def log_likelihood(
    here: Counts, size: Counts | int, there: Counts, other_size: Counts | int
) -> Scores:
    """Return G2 = 2 sum O ln(O / E) of words that stand `here` times among `size` and `there`
    times among `other_size` (Dunning 1993; in this form Rayson and Garside 2000). It is 0 for
    those that are not more frequent here."""
    share = (here + there) / (size + other_size)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [
            np.where(seen > 0, seen * np.log(seen / (total * share)), 0)
            for seen, total in ((here, size), (there, other_size))
        ]
    return np.where(here > size * share, 2 * (terms[0] + terms[1]), 0)


def log_dice(together: Counts, first: int, second: Counts) -> Scores:
    """Return 14 + log2(2 f(xy) / (f(x) + f(y))): 14 where two words are always together, one less
    for half as often; it does not grow with the texts (Rychly 2008)."""
    return 14 + np.log2(2 * np.maximum(together, 0.5) / np.maximum(first + second, 1))


def log_ratio(here: Counts, size: int, there: Counts, other_size: int) -> Scores:
    """Return the binary logarithm of how many times as frequent words are here: 1 is twice, 2 four
    times; one that stands nowhere counts half a time (Hardie 2014)."""
    return np.log2(np.maximum(here, 0.5) / size / (np.maximum(there, 0.5) / other_size))


def _best(
    words: Vocabulary, score: Scores, asked: Sequence[str], limit: int, *columns: npt.NDArray[Any]
) -> list[tuple[Any, ...]]:
    """Return the words with the highest scores, if significant, each with its values of the
    `columns`, without those that a query asks for itself."""
    terms = [fold(term) for term in asked]
    found: list[tuple[Any, ...]] = []
    for number in np.argsort(-score, kind="stable").tolist():
        if score[number] < SIGNIFICANT or len(found) == limit:
            break
        word = words.written(number)
        if not any(fold(word) in term for term in terms):
            found.append((word, *(column[number].item() for column in columns)))
    return found
