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
    create table staged.closest as
    select article, place, other, score from (
      select article, other, score,
        max(score) over (partition by article) as best,
        row_number() over (partition by article order by score desc, other) as place
      from (
        select a.article as article, b.article as other,
          round(sum(weight * a.factor * b.factor), 3) as score
        from staged.rare
          join staged.keywords a using (keyword)
          join staged.keywords b on b.keyword = a.keyword and b.article <> a.article
        group by a.article, b.article having count(*) >= {MIN_SHARED}
      )
    )
    where place <= {4 * MAX_RELATED} and score >= {MIN_PART} * best
    """,
    f"""
    insert into related (article, position, other, score)
    select * from (
      select article, row_number() over (partition by article order by place) as position,
        other, score
      from (
        select closest.*, row_number() over (
          partition by closest.article, coalesce(theirs.story, other) order by place) as telling
        from staged.closest
          left join stories theirs on theirs.article = other
          left join stories ours on ours.article = closest.article
        where theirs.story is null or theirs.story is not ours.story
      )
      where telling = 1
    )
    where position <= {MAX_RELATED}
    order by article, position
    """,
)
"""Fills `related` from the staged keywords. Needs the SQL function ln(x) and `stories`.

An article's own story is not among them, and of another story only the closest telling.
"""


def keywords(tokens: IndexTokens) -> list[tuple[int, int]]:
    """(number, factor) of each token that an article is most about.

    The number is the token's CRC-32; the factor is 2 where it stands in the
    title, else 1. Single characters say too little in any script; a token seen
    once in the text and never in the title is no subject.
    """
    in_title = set(tokens.title.split())
    counts = Counter(tokens.body.split())
    counts.update(dict.fromkeys(in_title, TITLE_WEIGHT))
    subjects = {token: n for token, n in counts.items() if n > 1 and len(token) > 1}
    frequent = sorted(subjects, key=lambda token: (-subjects[token], token))[:KEYWORDS]
    factors = {crc32(token.encode()): 1 + (token in in_title) for token in frequent}
    return sorted(factors.items())
