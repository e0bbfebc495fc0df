"""Which articles are alike: near-duplicates and related articles, of a whole archive at once.

sketch, day of each article ─► near_duplicates ─► groups ─┐
keywords of each article ─────────────────────► related ◄─┘
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from clippings.similarity.near_duplicates import Sketches, day_number, find_groups
from clippings.similarity.related import Keywords, Related, find_related

__all__ = ["ArticleFeatures", "Similar", "find_similar"]

LARGEST_ID = 2**63 - 1

RelatedRow = tuple[int, int, int, float]
"""Article, position, other, score."""


class ArticleFeatures(NamedTuple):
    """What tells which articles are alike, of all articles in the order of their ids."""

    ids: list[int]
    published: list[str | None]
    keywords: Keywords
    sketches: Sketches

    @classmethod
    def of(cls, rows: Iterable[tuple[int, str | None, bytes, bytes, bytes]]) -> ArticleFeatures:
        """Unpack rows of id, date, keywords (uint32), their factors (uint8), sketch (uint32).
        Only the numbers are kept, for these are many."""
        ids, published, words, factors, sketches = [], [], bytearray(), bytearray(), bytearray()
        counts, begins = array("q"), array("q", [0])
        for article, date, of_words, of_factors, sketch in rows:
            ids.append(article)
            published.append(date)
            counts.append(len(of_factors))
            words += of_words
            factors += of_factors
            sketches += sketch
            begins.append(len(sketches) // 4)
        keywords = Keywords(
            np.array(counts), np.frombuffer(words, np.uint32), np.frombuffer(factors, np.uint8)
        )
        drawn = Sketches(np.array(begins), np.frombuffer(sketches, np.uint32))
        return cls(ids, published, keywords, drawn)


class Similar(NamedTuple):
    """Near-duplicates as (the earliest of its group, article), and what is related."""

    ids: Sequence[int]
    groups: list[tuple[int, int]]
    related: Related

    def related_rows(self, articles: int) -> Iterator[tuple[int, list[RelatedRow]]]:
        """Give the last id, and the rows, of so many articles at a time; together they cover all
        ids that there may be."""
        for begin in range(0, len(self.ids) or 1, articles):
            end = begin + articles
            rows = slice(*np.searchsorted(self.related.article, [begin, end]))
            columns = (column[rows].tolist() for column in self.related)
            yield (
                self.ids[end - 1] if end < len(self.ids) else LARGEST_ID,
                [
                    (self.ids[article], position, self.ids[other], score / 1000)
                    for article, position, other, score in zip(*columns, strict=True)
                ],
            )


def find_similar(known: ArticleFeatures) -> Similar:
    """Return the near-duplicates and the related articles."""
    days = np.array([day_number(date) for date in known.published], np.int64)
    found = list(find_groups(days, known.sketches))
    group = np.full(len(known.ids), -1)
    earliest: dict[int, int] = {}
    for root, article in found:
        group[article] = root
        first = earliest.setdefault(root, article)
        earliest[root] = min(first, article, key=lambda a: (known.published[a] or "", known.ids[a]))
    groups = [(known.ids[earliest[root]], known.ids[article]) for root, article in found]
    return Similar(known.ids, groups, find_related(known.keywords, group))
