"""What a worker finds out about articles so that the whole archive can be compared later.

    titles, texts ─► keywords    what each is about          (related)
                  └► sketches    a sample of what each says  (near_duplicates)

Both are of a batch of articles, each by itself: the same in whatever batch it comes.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np

from clippings.search.arrays import Codes, Keys, Numbered, TextBatch, distinct
from clippings.search.folding import fold
from clippings.similarity.near_duplicates import KEPT, SHORTEST_CLAUSE, day_number
from clippings.similarity.related import KEYWORDS, READ, TITLE_WEIGHT, ranks

_COUNTED = re.compile(r"[\d〇零一二两三四五六七八九十百千上中下\s]+")


def keywords(titles: TextBatch, texts: TextBatch) -> list[tuple[bytes, bytes]]:
    """Return (numbers, factors) of the tokens that each article is most about, by number: uint32
    and uint8.

    The number is a hash of 32 bits; the factor is 2 where the token stands in the title, else 1.
    Single characters say too little in any script; a token seen once in the text and never in
    the title is no subject. `titles` may go on with other texts.
    """
    articles = len(texts.lengths)
    in_title = distinct(_keys(titles.word_numbers(2)))
    in_title = in_title[in_title < articles << 32]
    in_text = _keys(_first(texts.word_numbers(2), READ))
    keys, counts = np.unique(
        np.concatenate([in_text, np.repeat(in_title, TITLE_WEIGHT)]), return_counts=True
    )
    keys, counts = keys[counts > 1], counts[counts > 1]
    most = np.argsort((keys >> 32 << 32) - counts, kind="stable")
    chosen = np.sort(keys[most[ranks(keys >> 32) < KEYWORDS]])
    numbers, factors = _numbers(chosen), np.isin(chosen, in_title) + np.uint8(1)
    cuts = _cuts(chosen, articles)
    return [(numbers[start:end].tobytes(), factors[start:end].tobytes()) for start, end in cuts]


def sketches(
    titles: Sequence[str],
    texts: TextBatch,
    published: Sequence[str | None],
    sources: Sequence[str | None],
) -> list[bytes]:
    """Return the sketch of each article: what `near_duplicates` compares.

    uint32 numbers: the day (0: no date), the title, the title without its numbers, the source
    (0: not given), the folded length, how many clauses; then the smallest numbers of clauses, and
    of figures.
    """
    clauses = _smallest(texts.clause_numbers(SHORTEST_CLAUSE), len(titles))
    figures = _smallest(texts.figure_numbers(), len(titles))
    return [
        array("I", (day_number(day), *_names(title), source, length, len(kept))).tobytes()
        + kept.tobytes()
        + numbers.tobytes()
        for title, day, source, length, kept, numbers in zip(
            titles,
            published,
            (crc32((source or "").encode()) for source in sources),
            texts.lengths,
            clauses,
            figures,
            strict=True,
        )
    ]


def _names(title: str) -> tuple[int, int]:
    """Number a title by its letters and digits, and by the same without what counts parts."""
    letters = "".join(fold(title).split())
    return crc32(letters.encode()), crc32(_COUNTED.sub("", letters).encode())


def _smallest(found: Numbered, articles: int) -> list[Codes]:
    """The KEPT smallest different numbers of each article."""
    keys = distinct(_keys(found))
    numbers = _numbers(keys)
    return [numbers[start:end][:KEPT] for start, end in _cuts(keys, articles)]


def _first(found: Numbered, count: int) -> Numbered:
    kept = ranks(found.text) < count
    return Numbered(found.text[kept], found.number[kept])


def _keys(found: Numbered) -> Keys:
    """The article and the number in one, so that sorting groups by article."""
    return found.text << 32 | found.number


def _numbers(keys: Keys) -> Codes:
    return (keys & 0xFFFFFFFF).astype(np.uint32)


def _cuts(keys: Keys, articles: int) -> list[tuple[int, int]]:
    """Where the keys of each article begin and end."""
    edges = np.searchsorted(keys, np.arange(articles + 1) << 32).tolist()
    return list(pairwise(edges))
