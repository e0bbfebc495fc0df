"""Which articles tell one story (near_duplicates.py), kept true from one build to the next.

    state.clues, each in the order of places ─► staged.pairs   near what moved
    staged.pairs ─► alike ─► state.edges                       for each clue that pairs them
    state.edges ─► components ─► stories

An edge depends on two articles and on what stands between them in one clue, so a later build looks
only around the places that an article left or took, and finds what a build from scratch does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from clippings.database.schema import run_all
from clippings.similarity.near_duplicates import (
    DAY_DIGITS,
    DAYS,
    alike,
    article_at,
    clues,
    components,
)

Edge = tuple[int, str, str]

_LEFT = """
    select place, sketch from state.sketches where place in (
      select place(day, id) from articles where id in (select article from staged.retired)
    )
"""
_LEAVE = (
    "delete from state.clues where (clue, place) in (select clue, place from staged.spots)",
    "delete from state.sketches where place in (select place from staged.spots)",
)
_KEEP = (
    """insert into state.sketches (place, sketch)
       select place, sketch from staged.sketches join staged.chosen using (article)
       order by place""",
    """insert into state.clues (clue, place)
       select clue, place from staged.clues join staged.chosen using (article)
       join staged.sketches using (article) order by clue, place""",
)
_TAKEN = """
    insert or ignore into staged.spots (clue, place)
    select clue, place from staged.clues join staged.chosen using (article)
    join staged.sketches using (article)
"""
_PARTED = """
    delete from state.edges where (clue, one, other) in (
      select clue, one, other from staged.spots join state.edges using (clue)
      where place between one and other
    )
"""

_ALL = "select clue as run, clue, place from state.clues"
# A place with the three on either side: all that may be paired across it.
_NEAR = """
    select spots.rowid as run, clues.clue, clues.place
    from staged.spots cross join state.clues using (clue)
    where clues.place
      between (select min(place) from (select place from state.clues c
        where c.clue = spots.clue and c.place <= spots.place order by place desc limit 4))
      and (select max(place) from (select place from state.clues c
        where c.clue = spots.clue and c.place >= spots.place order by place limit 4))
"""

# One before it is not enough: between two tellings there may be something else in their mould.
_DAY = f"cast(substr({{}}, 1, {DAY_DIGITS}) as integer)"
_PAIR = f"""
    insert or ignore into staged.pairs (one, other, clue)
    with near as (
      select clue, place, lag(place) over w as first, lag(place, 2) over w as second,
        lag(place, 3) over w as third
      from (%s) window w as (partition by run order by place)
    )
    select before, place, clue from (
      select first as before, place, clue from near
      union all select second, place, clue from near
      union all select third, place, clue from near
    )
    where {_DAY.format("place")} - {_DAY.format("before")} <= {DAYS}
"""
_PAIRS = """
    select clue, one, other, a.sketch, b.sketch from staged.pairs
    cross join state.sketches a on a.place = one cross join state.sketches b on b.place = other
    order by one, other
"""

_TELL = (
    """insert into staged.told (story, article)
       select first_value(id) over (partition by root order by docid), id
       from staged.together join articles on id = article""",
    """insert into staged.retold
       select article from (select * from stories except select * from staged.told)
       union select article from (select * from staged.told except select * from stories)""",
    "delete from stories where article in (select article from staged.retold)",
    """insert into stories (story, article) select story, article from staged.told
       where article in (select article from staged.retold) order by article""",
)


def leave(db: sqlite3.Connection) -> None:
    """Forget what is known of the articles that are retired, which `articles` still has."""
    left = ((clue, place) for place, known in db.execute(_LEFT) for clue in clues(known))
    db.executemany("insert into staged.spots (clue, place) values (?, ?)", left)
    run_all(db, _LEAVE)


def tell(db: sqlite3.Connection, is_new: bool) -> None:
    """Fill `stories`, or bring it up to date; staged.retold is then whose row is another.

    `articles` has what was chosen already, and no longer what was retired.
    """
    run_all(db, _KEEP)
    if is_new:
        db.execute(_PAIR % _ALL)
    else:
        run_all(db, (_TAKEN, _PARTED, _PAIR % _NEAR))
    db.executemany("insert or ignore into state.edges values (?, ?, ?)", _edges(db.execute(_PAIRS)))
    edges = db.execute("select distinct one, other from state.edges")
    pairs = ((article_at(one), article_at(other)) for one, other in edges)
    db.executemany("insert into staged.together values (?, ?)", components(pairs))
    run_all(db, _TELL)


def _edges(pairs: Iterable[tuple[int, str, str, bytes, bytes]]) -> Iterator[Edge]:
    """The pairs that are alike: what several clues pair is compared once."""
    for (one, other), of_pair in groupby(pairs, itemgetter(1, 2)):
        first, *rest = of_pair
        if alike(*first[3:]):
            yield from ((clue, one, other) for clue, *_ in (first, *rest))
