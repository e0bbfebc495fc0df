"""What one side says more than the other: two queries → the words that set them apart.

    two queries ─► a sample of the texts of each ─► words ─► log-likelihood, log ratio

A side is whatever a query finds: a word, a source, a period (`source:"知乎"`, `date:2022-01`).
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import numpy as np

from clippings.search.query import Query
from clippings.search.scores import SIGNIFICANT, log_likelihood, log_ratio
from clippings.search.texts import read_texts
from clippings.search.words import LEAST, LONGEST, Words, is_part, with_sample

MOST_CHARACTERS = 1_500_000
"""Characters that are read of each side."""

LEAST_ARTICLES = 3
"""A word that fewer articles of a side hold tells of them, not of the side."""

LEAST_RATIO = 1.0
"""Log ratio of a key word at least: twice as frequent."""


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


def keyness(
    conn: sqlite3.Connection, first: Query, second: Query, *, limit: int = 50
) -> tuple[Side, Side]:
    """Return the `limit` words that most set each of two queries apart from the other.

    What the queries themselves look for is left out.
    """
    asked = [*first.terms, *second.terms]
    sides = [read_texts(conn, query.match, False, MOST_CHARACTERS) for query in (first, second)]
    words = Words(with_sample(conn, [text for side in sides for text in side.plain]))
    edges = words.edges[[0, len(sides[0].plain), len(sides[0].plain) + len(sides[1].plain)]]
    one, other = slice(edges[0], edges[1]), slice(edges[1], edges[2])
    a, b = (
        Side(_key_words(words, here, there, asked, limit), len(side.docids), side.found)
        for side, here, there in ((sides[0], one, other), (sides[1], other, one))
    )
    return a, b


def _key_words(
    words: Words, here: slice, there: slice, asked: list[str], limit: int
) -> list[KeyWord]:
    size, other_size = max(1, words.characters(here)), max(1, words.characters(there))
    found: list[KeyWord] = []
    for length in range(1, LONGEST + 1):
        counts, others = words.count(length, here), words.count(length, there)
        ratio = log_ratio(counts, size, others, other_size)
        score = log_likelihood(counts, size, others, other_size)
        score *= (ratio >= LEAST_RATIO) & (counts >= LEAST) & words.stands_freely(length, here)
        for index in np.argsort(-score, kind="stable")[: 2 * limit].tolist():
            word = words.text(index, length)
            articles = words.articles(index, length, here) if score[index] >= SIGNIFICANT else 0
            if articles >= LEAST_ARTICLES and not is_part(word, asked):
                n, m = int(counts[index]), int(others[index])
                rates = n / size * 1e6, m / other_size * 1e6
                scores = float(score[index]), float(ratio[index])
                found.append(KeyWord(word, n, m, articles, *rates, *scores))
    return sorted(found, key=lambda each: -each.log_likelihood)[:limit]
