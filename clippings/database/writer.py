"""The one writer of clippings.db: staged rows in, a checked database out.

Rows are copied into the tables in the order of their keys. So the file of a first build is
densely packed, the index is written once in the order of publication, and the result depends on
what was staged, not on who prepared it or when. A later build takes the database of the one
before, has the articles leave that a changed file had a part in, and adds what was staged: the
same tables, row for row.
"""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, astuple
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from clippings.build.index import index_tokens
from clippings.build.state import RECORD_FILES
from clippings.database.rows import COLUMNS
from clippings.database.schema import STATE_INDEXES, archive_schema, attach, run_all
from clippings.database.staging import SAME_ID
from clippings.markdown.rendering import plain_text
from clippings.models import PASSED_OVER, Accounting, BuildError, Changes, IndexTokens
from clippings.reading.identity import path_id
from clippings.search import folding_table, index_labels
from clippings.similarity.components import leave, tell
from clippings.similarity.near_duplicates import place
from clippings.similarity.related import RELATE_AGAIN, RELATE_ALL

_SETTINGS = """
    pragma page_size = 4096;
    pragma journal_mode = off;
    pragma synchronous = off;
    pragma locking_mode = exclusive;
    pragma cache_size = -65536;
    pragma secure_delete = on;
"""
# A draft that is not finished is thrown away: a journal would protect nothing. What is deleted is
# overwritten: the file is given to others, and a removed text is not to be found in a free page.

_CHOOSE = (
    "insert into staged.chosen select id, of_text from ("
    "  select id, of_text, min(path) from staged.placements group by of_text)",
    "insert into staged.retired select distinct article from placements"
    " where path in (select path from staged.dropped)",
)

# The id of a file that was added, by one that stays.
_TAKEN = """
    select 1 from staged.placements join placements old using (id)
    where old.path not in (select path from staged.dropped) limit 1
"""

# Undated articles come first. Each day has room for the next power of two of its articles: the
# numbers stay close together, which keeps the index small, and an article that comes late moves
# those of its day only, until its day outgrows the room.
_LISTED = """
    with listed (id, published, day) as (
      select id, published, coalesce(substr(published, 1, 10), '') from (
        select id, published from articles where id not in (select article from staged.retired)
        union all
        select id, published from staged.articles join staged.chosen on article = id
      )
    )
"""
_NUMBER_ARTICLES = (
    f"""insert into staged.days (day, before) {_LISTED}
        select day, sum(room(n)) over (order by day) - room(n)
        from (select day, count(*) as n from listed group by day)""",
    f"""insert into staged.docids (article, docid) {_LISTED}
        select id, before + row_number() over (partition by day order by published, id)
        from listed join staged.days using (day)""",
)

_RENUMBERED = """
    select id from articles join staged.docids on article = id
    where articles.docid <> staged.docids.docid
      and id not in (select article from staged.retired)
"""

# All places of an article count for `source:` and its like, so their names come together here.
_LABELS = ", ".join(
    f"(select index_labels(json_group_array({name})) from placements p where p.article = a.id)"
    for name in ("section", "source", "feed")
)

_INDEXED = f"""
    select id, docid, title, summary, author, published, language, markdown,
      (select json_group_array(tag) from tags where article = id),
      (select json_group_array(feature) from features where article = id),
      {_LABELS}
    from articles a where id in (select article from %s) order by docid
"""

_FORGET = """
    insert into articles_fts (articles_fts, rowid, title, summary, author, body, tags, facts,
      section, source, feed)
    values ('delete', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_FILL_INDEX = f"""
    insert into articles_fts
      (rowid, title, summary, author, body, tags, facts, section, source, feed)
    select docid, title, summary, author, body, tags, facts, {_LABELS}
    from (
      select d.docid, d.article as id, t.* from staged.docids d join staged.tokens t using (article)
    ) a
    order by docid
"""

_REMOVE = (
    *(
        f"delete from {table} where article in (select article from staged.retired)"
        for table in ("links", "images", "features", "tags", "related", "revisions")
    ),
    *(
        f"delete from {table} where path in (select path from staged.dropped)"
        for table in ("diagnostics", "quarantine", "placements")
    ),
    "delete from withheld where id in (select path_id(path) from staged.dropped)",
    "delete from articles where id in (select article from staged.retired)",
    # In two steps, since no two articles have the same number at any time.
    "update articles set docid = -docid where id in (select article from staged.renumbered)",
    "update articles set docid = (select docid from staged.docids where article = id)"
    " where docid < 0",
)

_ARTICLE_NAMES = ", ".join(COLUMNS["articles"])
_OF_TEXT = "from staged.{0} left join staged.chosen using (of_text)"
_OF_ARTICLE = "from staged.{0} join staged.chosen using (article)"
_SOURCES = {
    "links": (_OF_ARTICLE, "article, position"),
    "images": (_OF_ARTICLE, "article, position"),
    "features": (_OF_ARTICLE, "feature, article"),
    "tags": (_OF_ARTICLE, "tag, article"),
    "placements": (_OF_TEXT, "id"),
    "revisions": (_OF_TEXT, "placement, position"),
    "quarantine": ("from staged.{0}", "path"),
    "withheld": ("from staged.{0}", "id"),
    "diagnostics": (_OF_TEXT, "path, position"),
}
"""Table → where its rows come from, and in which order: that of its key."""

# An article was seen as long as any of its files was, and is removed when all of them are.
_COPY = (
    f"""insert into articles ({_ARTICLE_NAMES}, docid, first_seen, last_seen, removed)
        select {_ARTICLE_NAMES}, docid, first_seen, last_seen, removed
        from staged.articles join staged.chosen c on c.article = id
        join staged.docids d on d.article = id
        join (
          select of_text, min(first_seen) as first_seen, max(last_seen) as last_seen,
            case when count(removed) = count(*) then max(removed) end as removed
          from staged.placements group by of_text
        ) using (of_text) order by id""",
    *(
        f"insert into {table} ({names}) select {names} {rows.format(table)} order by {order}"
        for table, (rows, order) in _SOURCES.items()
        for names in [", ".join(COLUMNS[table]).replace("of_text,", "article,", 1)]
    ),
)

# One large segment is written at a time, and merged with the others once, at the end.
_INDEX_SETTINGS = (
    "insert into articles_fts (articles_fts, rank) values ('hashsize', 67108864)",
    "insert into articles_fts (articles_fts, rank) values ('automerge', 0)",
)
_MERGE_ALL = "insert into articles_fts (articles_fts) values ('optimize')"
# Later builds add a small segment each; of those, some are merged each time.
_MERGE_SOME = "insert into articles_fts (articles_fts, rank) values ('merge', 1000)"

_COUNTS = {
    "articles": "select count(*) from articles",
    "placements": "select count(*) from placements",
    "repaired": "select count(distinct path) from diagnostics where severity = 'warning'",
    "quarantined": "select count(*) from quarantine",
    "withheld": "select count(*) from withheld where what = 'article'",
}

_IN_INDEX = "select count(*) from articles_fts where articles_fts match 'facts : \"all\"'"
_FORMER = "insert into staged.former select id, title, digest, front_matter from"
_CHANGES = {
    "added": "select id, title from articles join staged.chosen on article = id"
    " where id not in (select id from staged.former) order by id",
    "changed": "select a.id, a.title from articles a join staged.former f using (id)"
    " where (a.title, a.digest, a.front_matter) <> (f.title, f.digest, f.front_matter)"
    " order by id",
    "removed": "select id, title from staged.former"
    " where id not in (select id from articles) order by id",
}


class ArchiveWriter:
    """Makes the database `draft` of what was staged. Use once: `finish`, then `close`.

    Where `base` is given, the draft is that database brought up to date; else it is a new one,
    and `former` is the one that it will replace, to tell the changes.
    """

    def __init__(
        self, draft: Path, scratch: Path, state: Path, base: Path | None, former: Path | None
    ) -> None:
        self._is_new = base is None
        if base:
            shutil.copyfile(base, draft)
        self.db = Database(sqlite3.connect(draft, isolation_level=None, uri=True))
        self._run = self.db.conn.execute
        for name, count, function in _FUNCTIONS:
            self.db.conn.create_function(name, count, function, deterministic=True)
        self.db.conn.executescript(_SETTINGS)
        for name, path in (("staged", scratch), ("state", state)):
            attach(self.db.conn, name, path)
        if former:
            self._remember_former(former)

    def finish(self, files_seen: int, passed_over: tuple[tuple[str, int], ...] = ()) -> Changes:
        """Bring the tables and the index up to date and check them.

        Raises BuildError when a check finds what must never be: then there is
        nothing to publish.
        """
        self._run("begin")
        try:
            if self._is_new:
                self._fill()
            else:
                self._revise()
        except sqlite3.DatabaseError as error:
            if self._is_new or "malformed" not in str(error):
                raise
            raise self._wrong(f"the last database is damaged: {error}") from error
        run_all(self.db.conn, (*RECORD_FILES, *STATE_INDEXES))
        accounting = self._account(files_seen, passed_over)
        changes = {name: tuple(self._run(sql).fetchall()) for name, sql in _CHANGES.items()}
        self._run("commit")
        self._run("detach staged")
        self._run("detach state")
        self._shrink()
        self._run("analyze")
        self._check(accounting)
        return Changes(**changes)

    def close(self) -> None:
        """Let go of the file."""
        self.db.conn.close()

    def _fill(self) -> None:
        tables, indexes = archive_schema()
        run_all(self.db.conn, (*tables, *_CHOOSE, *_NUMBER_ARTICLES, *_COPY))
        self.db.conn.executemany("insert into folding values (?, ?)", folding_table())
        # The tables' indexes come first: the search index looks the placements up by article.
        run_all(self.db.conn, (*indexes, *_INDEX_SETTINGS, _FILL_INDEX, _MERGE_ALL))
        tell(self.db.conn, is_new=True)
        run_all(self.db.conn, RELATE_ALL)

    def _revise(self) -> None:
        if self._run(_TAKEN).fetchone():
            raise BuildError(SAME_ID)
        run_all(self.db.conn, (*_CHOOSE, *_NUMBER_ARTICLES))
        self._run(f"create table staged.renumbered as select id as article from ({_RENUMBERED})")
        self._run(f"{_FORMER} articles where id in (select article from staged.retired)")
        self._forget()
        leave(self.db.conn)
        run_all(self.db.conn, (*_REMOVE, *_COPY, _FILL_INDEX, _MERGE_SOME))
        tell(self.db.conn, is_new=False)
        run_all(self.db.conn, RELATE_AGAIN)
        self._run("delete from accounting")

    def _forget(self) -> None:
        """Take the articles that leave or get another number out of the index."""
        for docid, _, tokens, labels in self._indexed("staged.retired"):
            self._run(_FORGET, (docid, *astuple(tokens), *labels))
        kept = []
        for docid, article, tokens, labels in self._indexed("staged.renumbered"):
            self._run(_FORGET, (docid, *astuple(tokens), *labels))
            kept.append((article, *astuple(tokens)))
        self.db.conn.executemany("insert into staged.tokens values (?, ?, ?, ?, ?, ?, ?)", kept)

    def _indexed(self, ids: str) -> Iterator[tuple[int, int, IndexTokens, tuple[str, ...]]]:
        """(docid, id, tokens, labels) of articles as the index has them, by docid."""
        for row in self._run(_INDEXED % ids):
            article, docid, title, summary, author, published, language, *rest = row
            markdown, tags, features, *labels = rest
            text = plain_text(markdown)
            named = json.loads(tags), json.loads(features)
            tokens = index_tokens(title, summary, author, published, language, text, *named)
            yield docid, article, tokens, tuple(labels)

    def _remember_former(self, former: Path) -> None:
        try:
            self._run("attach ? as former", [f"{former.absolute().as_uri()}?mode=ro"])
            self._run(f"{_FORMER} former.articles")
        except sqlite3.DatabaseError:  # no database, or not one of ours: all articles are new
            self._run("delete from staged.former")
        if "former" in {name for _, name, _ in self._run("pragma database_list")}:
            self._run("detach former")

    def _shrink(self) -> None:
        """Give back the room of what left the file, where that is most of it."""
        free, pages = (
            self._run(f"pragma {name}").fetchone()[0] for name in ("freelist_count", "page_count")
        )
        if free > pages // 2:
            self._run("vacuum")

    def _account(self, files_seen: int, passed_over: tuple[tuple[str, int], ...]) -> Accounting:
        """Count what became of the files, and keep the counts in the database."""
        count = {name: self._run(sql).fetchone()[0] for name, sql in _COUNTS.items()}
        accounting = Accounting(files_seen, **count, passed_over=passed_over)
        counts = asdict(accounting) | {"files_found": accounting.files_found}
        counts |= {f"{PASSED_OVER}{why}": times for why, times in counts.pop("passed_over")}
        rows = sorted(counts.items())
        self.db.conn.executemany("insert into accounting values (?, ?)", rows)
        return accounting

    def _check(self, accounting: Accounting) -> None:
        a = accounting
        if a.files_seen != a.placements + a.quarantined + a.withheld:
            raise self._wrong(f"files were lost on the way: {accounting}")
        if self._run(_IN_INDEX).fetchone()[0] != accounting.articles:
            raise self._wrong("the search index does not hold each article once")
        if self._is_new:
            self._run("insert into articles_fts (articles_fts) values ('integrity-check')")
        for pragma, healthy in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            if (found := self._run(f"pragma {pragma}").fetchall()) != healthy:
                raise self._wrong(f"the new database fails SQLite's {pragma}: {found[:3]}")

    def _wrong(self, what: str) -> BuildError:
        """What must never be, with the way out where it may have come from the last database."""
        return BuildError(what if self._is_new else f"{what}; build everything anew with --fresh")


@lru_cache(maxsize=4096)
def _index_names(names: str) -> str:
    """Index tokens of a JSON array of names; an archive has few different ones."""
    return index_labels(sorted({name for name in json.loads(names) if name}))


def _room(articles: int) -> int:
    """The next power of two."""
    return 1 << (articles - 1).bit_length()


_FUNCTIONS: tuple[tuple[str, int, Any], ...] = (
    ("index_labels", 1, _index_names),
    ("ln", 1, math.log),
    ("path_id", 1, path_id),
    ("place", 2, place),
    ("room", 1, _room),
)
