"""What an article is about, in a handful of words that other articles may share.

Two articles are related when they share several words that few articles are
about. Each article brings its most frequent index tokens (the title's count
more); of those that between two and MAX_SHARERS articles brought, a pair's score
is the sum of the inverse document frequencies, as BM25 weighs a term, each
doubled for each title it stands in. Its own near-duplicates are not related to an
article, and of another group of them only the closest is. The work grows with the
articles, not with their pairs.
"""

from __future__ import annotations

from itertools import pairwise
from math import log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

KEYWORDS = 40
"""Tokens that an article brings: enough for its subject, few enough to pair cheaply."""

READ = 2_000
"""Tokens of a text that are counted: a long one says early what it is about."""

TITLE_WEIGHT = 3
"""A word of the title counts like so many in the text."""

MAX_SHARERS = 50
"""A word that more articles than this are about says little about any of them."""

MIN_SHARED = 3
"""One rare word in common is chance."""

MIN_SCORE = 85_000
"""In thousandths: nine rare words of the text, or two that stand in both titles and another. Of
the pairs that were read, of 1,118 articles of four origins, 94 of 144 were right without it; with
it, 118 of 130 of two samples."""

MIN_PART = 0.4
"""The part of an article's best score that a further one must reach."""

MAX_RELATED = 6
"""Related articles that are kept for each article: what a page has room for."""

_FIXED_SIZE = 100_000
"""Articles that the weight of a word is reckoned with. Were it the number that there are, each
article that comes would change the scores of all others."""

_WEIGHTS = np.array([0] + [round(1000 * log(_FIXED_SIZE / n)) for n in range(1, MAX_SHARERS + 1)])
"""Weight of a word by its number of sharers: whole numbers, whose sum is the same in any order."""

_PAIRS_TOGETHER = 250_000
"""Pairs of a shared word in one block of articles: what bounds the memory."""

_ARTICLE_BITS, _SCORE_BITS = 24, 16
"""A pair is one number that sorts as (article, other, score of the word): 16 million articles, and
the weight of the rarest word that stands in both titles."""


class Keywords(NamedTuple):
    """The keywords of all articles, one article after the other."""

    counts: Array  # of each article
    words: Array  # their numbers
    factors: Array  # 2 for a word of the title, else 1


class Related(NamedTuple):
    """Pairs of articles (by their place among all), ordered by article and position."""

    article: Array
    position: Array  # from 1, the closest first
    other: Array
    score: Array  # in thousandths


def find_related(known: Keywords, group: Array) -> Related:
    """Return what is related to each article.

    `group` has a number for each article: that of its near-duplicates, -1 where it has none.
    """
    shared = _shared_words(known)
    by_article = np.argsort(shared.article, kind="stable").astype(np.int32)
    ends = _sums_before(np.bincount(shared.article, minlength=len(group)))
    pairs_of = np.bincount(shared.article, weights=shared.sharers, minlength=len(group))
    blocks = []
    for first, last in pairwise(_borders(_sums_before(pairs_of.astype(np.int64)))):
        mine = by_article[ends[first] : ends[last]]
        sharers = shared.sharers[mine]
        of_pair = mine.repeat(sharers)
        place = np.arange(len(of_pair)) - _sums_before(sharers)[:-1].repeat(sharers)
        theirs = shared.begin[of_pair] + place
        weight = _WEIGHTS[shared.sharers[of_pair]]
        score = weight * shared.factor[of_pair] * shared.factor[theirs]
        blocks.append(_closest(shared.article[of_pair], shared.article[theirs], score, group))
    return Related(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


class _SharedWords(NamedTuple):
    """Each keyword of each article that few others have too, ordered by keyword."""

    article: Array
    factor: Array
    begin: Array  # where those with the same keyword begin
    sharers: Array  # how many there are


def _shared_words(known: Keywords) -> _SharedWords:
    by_word = np.argsort(known.words, kind="stable").astype(np.int32)
    sharers = _lengths(known.words[by_word])
    is_rare = (sharers >= 2) & (sharers <= MAX_SHARERS)
    by_word, sharers = by_word[is_rare.repeat(sharers)], sharers[is_rare]
    articles = np.arange(len(known.counts), dtype=np.int32).repeat(known.counts)
    begin = _sums_before(sharers)[:-1].astype(np.int32)
    size = sharers.astype(np.uint8)
    return _SharedWords(
        articles[by_word], known.factors[by_word], begin.repeat(sharers), size.repeat(sharers)
    )


def _borders(pairs_before: Array) -> list[int]:
    """Return where blocks of articles begin and end that have _PAIRS_TOGETHER pairs or little
    more, from the number of pairs before each article and after the last."""
    articles = len(pairs_before) - 1
    borders = [0]
    while not borders[1:] or borders[-1] < articles:
        last = borders[-1]
        full = int(np.searchsorted(pairs_before, pairs_before[last] + _PAIRS_TOGETHER))
        borders.append(min(max(full, last + 1), articles))
    return borders


def _closest(article: Array, other: Array, score: Array, group: Array) -> Related:
    """Return the related articles of some articles, given every word that they share with any."""
    packed = article.astype(np.int64) << (_ARTICLE_BITS + _SCORE_BITS)
    packed |= (other.astype(np.int64) << _SCORE_BITS) | score
    packed = np.sort(packed[article != other])
    pair = packed >> _SCORE_BITS
    begin = _begins(pair)
    shared = np.diff(begin, append=len(pair))
    total = np.add.reduceat(packed & ((1 << _SCORE_BITS) - 1), begin) if len(begin) else begin
    article, other = pair[begin] >> _ARTICLE_BITS, pair[begin] & ((1 << _ARTICLE_BITS) - 1)
    is_other = (group[other] < 0) | (group[article] != group[other])
    found = (shared >= MIN_SHARED) & is_other
    article, other, total = article[found], other[found], total[found]
    order = np.lexsort((other, -total, article))
    article, other, total = article[order], other[order], total[order]
    rank, best = ranks(article), total[_begins(article)].repeat(_lengths(article))
    near = (rank < 4 * MAX_RELATED) & (total >= np.maximum(MIN_PART * best, MIN_SCORE))
    article, other, total = article[near], other[near], total[near]
    # Of another group only the closest: what has none counts as a group of its own.
    theirs = np.where(group[other] < 0, other + len(group), group[other])
    _, one_of_each = np.unique((article << (_ARTICLE_BITS + 1)) | theirs, return_index=True)
    one_of_each.sort()
    article, other, total = article[one_of_each], other[one_of_each], total[one_of_each]
    rank = ranks(article)
    kept = rank < MAX_RELATED
    return Related(article[kept], rank[kept] + 1, other[kept], total[kept])


def _sums_before(numbers: Array) -> Array:
    """Return the sum of the numbers before each one, and of all."""
    return np.concatenate(([0], np.cumsum(numbers, dtype=np.int64)))


def _begins(ordered: Array) -> Array:
    """Return where each run of equal values begins."""
    is_new = np.append(True, ordered[1:] != ordered[:-1])
    return np.flatnonzero(is_new[: len(ordered)])


def _lengths(ordered: Array) -> Array:
    return np.diff(_begins(ordered), append=len(ordered))


def ranks(ordered: Array) -> Array:
    """Return the place of each value in its run of equal values, from 0."""
    return np.arange(len(ordered)) - _begins(ordered).repeat(_lengths(ordered))
