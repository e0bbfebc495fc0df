#!/usr/bin/env python3
"""How long the research desk takes: `python benchmarks/research.py clippings.db`.

Prints, in milliseconds, the first page of lines for words that one and ten per cent of the articles
hold, collocates of the word that stands nearest to 10,000 times, and the key words of two months:
the median of SAMPLES, and the first time (cold).
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clippings.search.concordance import Concordance, concordance
from clippings.search.keyness import collocates, keyness
from clippings.search.occurrences import open_positions, read_sample
from clippings.search.query import parse_query
from clippings.search.results import count
from clippings.search.vocabulary import Vocabulary

SAMPLES = 5
_MONTHS = """
    select substr(day, 1, 7) from articles where day is not null
    group by 1 order by count(*) desc, 1 limit 2
"""


def measure(name: str, read: Callable[[], object]) -> None:
    """Print one line of the table."""
    taken = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        read()
        taken.append(1000 * (time.perf_counter() - began))
    print(f"{name:44} {statistics.median(taken):8.0f} {taken[0]:8.0f}")


def words_of(conn: sqlite3.Connection) -> list[str]:
    """Return words of two Chinese characters in a sample of the archive."""
    words = Vocabulary(read_sample(conn, parse_query("").match, 300_000))
    return [words.written(int(number)) for number in np.flatnonzero(words.size == 2)[:3000]]


def main(database: Path) -> None:
    """Measure a database."""
    conn = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    open_positions(conn)
    (articles,) = conn.execute("select count(*) from articles").fetchone()
    held = {word: count(conn, parse_query(word).match, articles) for word in words_of(conn)}
    print(f"{articles:,} articles{'':30} {'median':>8} {'first':>8}   ms")

    def lines(word: str) -> Concordance:
        return concordance(conn, parse_query(word))

    def nearest(share: float) -> str:
        return min(held, key=lambda word: abs(held[word] - share * articles))

    for share in (0.01, 0.1):
        word = nearest(share)
        about = f"{held[word]:,} articles, {lines(word).occurrences:,} times"
        measure(f"lines of {word} ({about})", lambda word=word: lines(word))  # type: ignore[misc]
    near = sorted(held, key=lambda word: abs(held[word] - 5_000))[:20]
    frequent = min(near, key=lambda word: abs(lines(word).occurrences - 10_000))
    found = collocates(conn, parse_query(frequent))
    about = f"{lines(frequent).occurrences:,} times, {found.occurrences:,} read"
    measure(f"collocates of {frequent} ({about})", lambda: collocates(conn, parse_query(frequent)))
    (one,), (other,) = conn.execute(_MONTHS)
    sides = [parse_query(f"date:{month}") for month in (one, other)]
    read = sum(side.read for side in keyness(conn, *sides))
    measure(f"key words of {one}, {other} ({read:,} read)", lambda: keyness(conn, *sides))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
