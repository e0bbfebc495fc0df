"""One article with all that belongs to it: the queries behind its page, each on an index."""

from __future__ import annotations

import sqlite3
from typing import Any

from clippings.site.listings import CARD

_ARTICLE = "select * from articles where id = ?"
_OF_AN_ARTICLE = {
    "tags": "select tag from tags where article = :id order by tag",
    "placements": "select path, section, source, feed from placements where article = :id"
    " order by id = :id desc, path",
    "revisions": "select date, revisions.title, changes, path from revisions"
    " join placements on placements.id = placement where revisions.article = :id"
    " order by date desc, placement, position desc limit 200",
    "links": "select url, host, max(text) as text from links"
    " where article = :id and host is not null and url like 'http%'"
    " group by url order by min(position) limit 60",
    "reports": "select severity, stage, code, message from diagnostics where article = :id",
    "withheld": "select reason from withheld where id = :id",
    "earlier": "select id, title, language from articles"
    " where source = :source and docid < :docid order by docid desc limit 1",
    "later": "select id, title, language from articles"
    " where source = :source and docid > :docid order by docid limit 1",
    "tellings": "select id, title, source, day, language from articles where id in"
    " (select article from stories where story = (select story from stories where article = :id))"
    " and id <> :id order by docid limit 60",
    "related": f"select {CARD} from related join articles on articles.id = related.other"
    " where related.article = :id order by related.position limit 6",
    "lead": "select count(*) as shown from images where article = :id and url = :image",
}
"""What the page shows besides the article itself; each served by an index."""

_TAKEN_OUT = "select reason from withheld where id = ? and what = 'article'"

_ARTICLE_OF = """
    select id from articles where id = :id
    union all select article from placements where id = :id limit 1
"""


def read_article(conn: sqlite3.Connection, key: int) -> dict[str, Any] | None:
    """Everything the page shows of an article, in one visit to the database; None: no such."""
    row = conn.execute(_ARTICLE, [key]).fetchone()
    if row is None:
        return None
    article = dict(row)
    found = {name: conn.execute(sql, article).fetchall() for name, sql in _OF_AN_ARTICLE.items()}
    return {"article": article, **found}


def reason_withheld(conn: sqlite3.Connection, key: int) -> str | None:
    """Why the article of this id was taken out, maybe empty; None: it was not."""
    row = conn.execute(_TAKEN_OUT, [key]).fetchone()
    return None if row is None else str(row["reason"])


def article_of(conn: sqlite3.Connection, key: int) -> int | None:
    """The article with this id, or that which the placement with this id became; None: neither."""
    row = conn.execute(_ARTICLE_OF, {"id": key}).fetchone()
    return None if row is None else int(row["id"])
