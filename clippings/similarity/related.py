"""What an article is about, in a handful of words that other articles may share.

Two articles are related when they share several words that few articles are
about. Each article brings its most frequent index tokens (the title's count
more); the database keeps those that between two and MAX_SHARERS articles
brought, and scores a pair by the sum of their inverse document frequencies, as
BM25 weighs a term, each doubled for each title it stands in. The other tellings
of its own story (clippings/similarity/near_duplicates.py) are not related to an article, and of
another story only the closest is. The work grows with the articles, not with
their pairs.
"""

from __future__ import annotations

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

_FIXED_SIZE = 100_000
"""Articles that the weight of a word is reckoned with. Were it the number that there are, each
article that comes would change the scores of all others."""

_KEEP = (
    "delete from state.keywords where article in (select article from staged.retired)",
    """
    insert into state.keywords (keyword, article, factor)
    select keyword, article, factor from staged.keywords join staged.chosen using (article)
    order by keyword, article
    """,
)

_MOVED = """
    create table staged.moved as
    select keyword, sum(part) as more from (
      select keyword, 0 as part from state.keywords join staged.retired using (article)
      union all
      select keyword, 1 from staged.keywords join staged.chosen using (article)
      union all
      select keyword, 0 from state.keywords join staged.retold using (article)
    ) group by keyword
"""
"""Words that other articles are about than before, or articles that are of another story, and how
many came to them."""

_AFFECTED = (
    # Such a word matters to all that are about it, unless it is and was too common to count.
    f"""
    insert or ignore into staged.affected
    select article from state.keywords where keyword in (
      select keyword from staged.moved join state.keywords using (keyword)
      group by keyword having count(*) <= {MAX_SHARERS} + max(more)
    )
    """,
    "delete from related where article in (select article from staged.affected)",
)

_RARE = f"""
    insert into staged.rare (keyword, weight)
    select keyword, cast(round(1000 * ln({_FIXED_SIZE} * 1.0 / count(*))) as integer)
    from state.keywords %s
    group by keyword having count(*) between 2 and {MAX_SHARERS}
"""
"""Weights are whole numbers, whose sum is the same in any order."""

_OF_AFFECTED = """
    where keyword in (
      select keyword from staged.affected cross join state.keywords using (article)
    )
"""

# `cross join`: in this order, which SQLite cannot know to be the cheap one.
_RELATE = f"""
    insert into staged.closest (article, place, other, score, story)
    select article, place, other, score, story from (
      select scored.article, other, score, theirs.story,
        max(score) over (partition by scored.article) as best,
        row_number() over (partition by scored.article order by score desc, other) as place
      from (
        select a.article as article, b.article as other,
          sum(weight * a.factor * b.factor) as score
        from %s
          cross join state.keywords b on b.keyword = a.keyword and b.article <> a.article
        group by a.article, b.article having count(*) >= {MIN_SHARED}
      ) scored
        left join stories theirs on theirs.article = other
        left join stories ours on theirs.story is not null and ours.article = scored.article
      where theirs.story is null or theirs.story is not ours.story
    )
    where place <= {4 * MAX_RELATED} and score >= {MIN_PART} * best
    order by article, place
"""

_ONE_OF_A_STORY = f"""
    insert into related (article, position, other, score)
    select article, position, other, score / 1000.0 from (
      select article, other, score,
        row_number() over (partition by article order by place) as position
      from staged.closest c where story is null or not exists (
        select 1 from staged.closest d
        where d.article = c.article and d.story = c.story and d.place < c.place)
    )
    where position <= {MAX_RELATED} order by article, position
"""

RELATE_ALL = (
    *_KEEP,
    _RARE % "",
    _RELATE % "staged.rare cross join state.keywords a using (keyword)",
    _ONE_OF_A_STORY,
)
"""Fills `related`. Needs `stories` and the SQL function ln(x), as does the next."""

RELATE_AGAIN = (
    _MOVED,
    *_KEEP,
    *_AFFECTED,
    _RARE % _OF_AFFECTED,
    _RELATE
    % """staged.affected cross join state.keywords a using (article)
         cross join staged.rare using (keyword)""",
    _ONE_OF_A_STORY,
)
"""Brings `related` up to date where articles were retired or chosen."""
