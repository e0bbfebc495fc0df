"""What an article is about, in a handful of words that other articles may share.

Two articles are related when they share several words that few articles are
about. Each article brings its most frequent index tokens (the title's count
more); the database keeps those that between two and MAX_SHARERS articles
brought, and scores a pair by the sum of their inverse document frequencies, as
BM25 weighs a term, each doubled for each title it stands in. The work grows
with the articles, not with their pairs.
"""

from __future__ import annotations

from collections import Counter
from zlib import crc32

from clippings.models import IndexTokens

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

MIN_PART = 0.4
"""The part of an article's best score that a further one must reach."""

MAX_RELATED = 6
"""Related articles that are kept for each article: what a page has room for."""

RELATE = (
    "create index staged.keyword_articles on keywords (keyword, article, factor)",
    f"""
    create table staged.rare as
    select keyword, ln(total * 1.0 / count(*)) as weight
    from staged.keywords, (select count(*) as total from articles)
    group by keyword having count(*) between 2 and {MAX_SHARERS}
    """,
    f"""
    insert into related (article, position, other, score)
    select article, position, other, score from (
      select article, other, score,
        max(score) over (partition by article) as best,
        row_number() over (partition by article order by score desc, other) as position
      from (
        select a.article as article, b.article as other,
          round(sum(weight * a.factor * b.factor), 3) as score
        from staged.rare
          join staged.keywords a using (keyword)
          join staged.keywords b on b.keyword = a.keyword and b.article <> a.article
        group by a.article, b.article having count(*) >= {MIN_SHARED}
      )
    )
    where position <= {MAX_RELATED} and score >= {MIN_PART} * best
    order by article, position
    """,
)
"""Fills `related` from the staged keywords. Needs the SQL function ln(x)."""


def keywords(tokens: IndexTokens) -> list[tuple[int, int]]:
    """(number, factor) of each token that an article is most about.

    The number is the token's CRC-32; the factor is 2 where it stands in the
    title, else 1. Single characters say too little in any script; a token seen
    once in the text and never in the title is no subject.
    """
    in_title = set(tokens.title.split())
    counts = Counter(tokens.body.split(" ", READ)[:READ])
    counts.update(dict.fromkeys(in_title, TITLE_WEIGHT))
    subjects = [(-n, token) for token, n in counts.items() if n > 1 and len(token) > 1]
    subjects.sort()
    factors = {crc32(token.encode()): 1 + (token in in_title) for _, token in subjects[:KEYWORDS]}
    return sorted(factors.items())
