"""The one writer of clippings.db: spooled rows in, tables and a search index out.

    write    takes out what the last database says of files that are written anew;
             inserts rows in the order of their keys
      │ write_index_part, in other threads: a new index, in the order of publication
    index    joins its parts; or adds entries to the last database's index
    relate   inserts what was worked out for the whole archive
    finish   counts

A first build has nothing to take out; a later one copies the last database and comes to the same
rows. A file is densely packed, and depends on what was spooled, not on who prepared it or when.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path

from clippings.database import index, segments
from clippings.database.articles import ChosenArticle, days_of, publication_order
from clippings.database.index import Entry
from clippings.database.rows import COLUMNS, Part, Row, Tables
from clippings.database.schema import archive_schema, open_draft, reading
from clippings.database.spool import Spool
from clippings.models import PASSED_OVER, AboutRows, Accounting, Changes, IndexTokens
from clippings.reading.dates import day_of, suspect_date
from clippings.reading.identity import path_id, text_digest
from clippings.search.folding import folding_table
from clippings.search.tokens import facts
from clippings.similarity import Similar

TOGETHER = 256
"""Files whose rows are collected before each table gets its own."""

INDEX_PARTS = 2
"""Parts of a new search index, written side by side. Each writes its words by itself, so that two
make the index a hundredth larger."""

ARTICLES_TOGETHER = 10_000
"""Articles whose related ones are compared with the last database's at a time."""

_INSERT = {
    table: f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"
    for table, columns in COLUMNS.items()
}
_TABLES_OF_PLACEMENT = ("placements", "revisions")
_TABLES_OF_LEAD = (*_TABLES_OF_PLACEMENT, "links", "images")
_OF_ARTICLE = ("links", "images", "features", "tags", "revisions")
_OF_PATH = ("diagnostics", "quarantine", "placements")

_FORMER = "select id, title, digest, front_matter from articles"
_RELATED_OF = """
    select article, position, other, score from related where article > ? and article <= ?
"""
_UNRELATE = "delete from related where article = ? and position = ?"
_RELATE = "insert into related (article, position, other, score) values (?, ?, ?, ?)"

_COUNTS = {
    "articles": "select count(*) from articles",
    "placements": "select count(*) from placements",
    "repaired": "select count(distinct path) from diagnostics where severity = 'warning'",
    "quarantined": "select count(*) from quarantine",
    "withheld": "select count(*) from withheld where what = 'article'",
}

Fingerprints = dict[int, str]
"""Id of an article → a digest of what would be told as a change: title, text, front matter."""


# What is said of an article because of all the others stands after what its file says.
_NOTE = """
    insert into diagnostics (severity, stage, code, message, article, path, position)
    select ?1, 'archive', ?2, ?3, id, path,
      (select count(*) + 1 from diagnostics d where d.path = placements.path)
    from placements where id = ?4
"""


class ArchiveWriter:
    """Writes the database `draft` of the articles that the spooled files make: a new one, or
    where `base` is given, that one brought up to date. `former` is a database that a new one will
    replace, to tell the changes.

    Call `write`, `index`, `relate` and `finish`, in this order; of a new one `write_index_part` for
    each of INDEX_PARTS before `index`, in any threads.
    """

    def __init__(
        self,
        draft: Path,
        spool: Spool,
        articles: list[ChosenArticle],
        base: Path | None,
        former: Path | None,
    ) -> None:
        if base:
            shutil.copyfile(base, draft)
        self._is_new = base is None
        self._spool = spool
        self._db = open_draft(draft, "" if base else archive_schema()[0])
        self._index_parts = [draft.with_name(f"index-{n}") for n in range(1, INDEX_PARTS + 1)]
        self._former = _fingerprints(former) if former else {}
        self._added: list[int] = []
        self._changed: list[int] = []
        self._articles = articles
        self._article_of = {each.text: a for a in articles for each in a.placements}
        self._moved: list[int] = []
        self._number({article.id: article.published for article in articles})

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def write(self, dropped: Collection[str]) -> list[int]:
        """Take out what the last database says of the files `dropped`, and write the rows of the
        spooled ones. Return the articles that were taken out."""
        retired = [] if self._is_new else self._take_out(dropped)
        self._insert_rows()
        return retired

    def write_index_part(self, number: int) -> None:
        """Write a part, from 0, of the search index of a new database: it takes the longest."""
        articles = self._in_order()
        begin, end = (len(articles) * n // INDEX_PARTS for n in (number, number + 1))
        index.write_part(self._index_parts[number], self._entries(articles[begin:end]))

    def index(self) -> None:
        """Bring the search index into the database."""
        if self._is_new:
            segments.join(self._db, self._index_parts)
        else:
            moved = self._stored(self._moved, self._docids)
            index.add(self._db, chain(self._entries(self._in_order()), moved))

    def relate(self, similar: Similar) -> None:
        """Write near-duplicates and related articles, as a difference to the last database."""
        was, now = set(self._db.execute("select story, article from stories")), set(similar.groups)
        gone, new = sorted(was - now), sorted(now - was, key=itemgetter(1))
        self._db.executemany("delete from stories where story = ? and article = ?", gone)
        self._db.executemany("insert into stories (story, article) values (?, ?)", new)
        last = 0
        for until, rows in similar.related_rows(ARTICLES_TOGETHER):
            there = set(self._db.execute(_RELATED_OF, [last, until]))
            self._db.executemany(_UNRELATE, [row[:2] for row in there.difference(rows)])
            self._db.executemany(_RELATE, [row for row in rows if row not in there])
            last = until

    def finish(
        self,
        files_seen: int,
        passed_over: tuple[tuple[str, int], ...] = (),
        about: AboutRows = (),
    ) -> Changes:
        """Count, write what the owner says, and close the file.

        Return what differs from the database before.
        """
        count = {name: self._db.execute(sql).fetchone()[0] for name, sql in _COUNTS.items()}
        accounting = Accounting(files_seen, **count, passed_over=passed_over)
        counts = asdict(accounting) | {"files_found": accounting.files_found}
        counts |= {f"{PASSED_OVER}{why}": times for why, times in counts.pop("passed_over")}
        self._db.execute("delete from accounting")
        self._db.executemany("insert into accounting values (?, ?)", sorted(counts.items()))
        self._db.execute("delete from about")
        self._db.executemany("insert into about values (?, ?)", about)
        self._db.execute("commit")
        self._shrink()
        self._db.execute("analyze")
        self.close()
        removed = sorted(self._former.keys() - {article.id for article in self._articles})
        return Changes(tuple(self._added), tuple(self._changed), tuple(removed))

    def _number(self, published: Mapping[int, str | None]) -> None:
        """Settle the day and the number of each article, given when it was published."""
        self._published = published
        self._days = days_of(published.items())
        dated = ((key, date if self._days[key] else None) for key, date in published.items())
        self._docids = publication_order(dated)

    def _take_out(self, dropped: Collection[str]) -> list[int]:
        run, many = self._db.execute, self._db.executemany
        of_path = "select article from placements where path = ?"
        retired = sorted({article for path in dropped for (article,) in run(of_path, [path])})
        of_id = f"{_FORMER} where id = ?"
        self._former = {
            key: text_digest(*row) for old in retired for key, *row in run(of_id, [old])
        }
        before = dict(run("select id, docid from articles"))
        there = run("select id, published from articles")
        staying = {key: date for key, date in there if key not in self._former}
        self._number({**staying, **self._published})
        self._moved = [key for key in staying if self._docids[key] != before[key]]
        index.forget(self._db, self._stored([*retired, *self._moved], before))
        for table in _OF_ARTICLE:
            many(f"delete from {table} where article = ?", ([key] for key in retired))
        for table in _OF_PATH:
            many(f"delete from {table} where path = ?", ([path] for path in dropped))
        many("delete from withheld where id = ?", ([path_id(path)] for path in dropped))
        many("delete from articles where id = ?", ([key] for key in retired))
        docids = ((self._docids[key], key) for key in self._moved)
        many("update articles set docid = ? where id = ?", docids)
        return retired

    def _insert_rows(self) -> None:
        run, many = self._db.execute, self._db.executemany
        names: dict[str, defaultdict[str, list[int]]] = {
            table: defaultdict(list) for table in ("features", "tags")
        }
        self._insert(self._rows_by_id(names))
        for table, of_name in names.items():
            many(_INSERT[table], ((name, key) for name in sorted(of_name) for key in of_name[name]))
        withheld: list[Row] = []
        self._insert(self._rows_by_path(withheld))
        many(_INSERT["withheld"], sorted(withheld))
        self._note_suspect_days()
        if self._is_new:
            many("insert into folding values (?, ?)", folding_table())
            for statement in archive_schema()[1]:
                run(statement)

    def _note_suspect_days(self) -> None:
        """Leave dates that cannot be, among all others, out of the days, and say so."""
        run, many = self._db.execute, self._db.executemany
        if not self._is_new:
            rows = run("select id, day from articles").fetchall()
            changed = [(self._days[key], key) for key, day in rows if day != self._days[key]]
            many("update articles set day = ? where id = ?", changed)
            run("delete from diagnostics where stage = 'archive'")
        suspect = (
            (key, date)
            for key, date in self._published.items()
            if date and day_of(date) and not self._days[key]
        )
        notes = ((*suspect_date(date), key) for key, date in suspect)
        many(_NOTE, ((severity, code, text, key) for severity, _, code, text, key in notes))

    def _insert(self, of_files: Iterable[Tables]) -> None:
        """Insert rows, some files together, so that a table's pages are not strewn singly."""
        waiting: defaultdict[str, list[Row]] = defaultdict(list)

        def flush() -> None:
            for table, rows in waiting.items():
                self._db.executemany(_INSERT[table], rows)
            waiting.clear()

        for number, tables in enumerate(of_files, 1):
            for table, rows in tables.items():
                waiting[table] += rows
            if number % TOGETHER == 0 or "quarantine" in tables:  # which are large
                flush()
        flush()

    def _rows_by_id(self, names: dict[str, defaultdict[str, list[int]]]) -> Iterator[Tables]:
        """Give the rows of each placed file, by its number, and note the articles of each name."""
        placed = [(file.placement, file) for file in self._spool.files if file.placement]
        for placement, file in sorted(placed, key=lambda each: each[0].id):
            article = self._article_of[placement.text]
            others = self._spool.tables(file, Part.OF_ARTICLE)
            is_lead = file is article.lead
            tables = _TABLES_OF_LEAD if is_lead else _TABLES_OF_PLACEMENT
            rows = {table: [(article.id, *row) for row in others[table]] for table in tables}
            if is_lead:
                rows["articles"] = [self._article_row(article)]
                for table, of_name in names.items():
                    for (name,) in others[table]:
                        of_name[str(name)].append(article.id)
            yield rows

    def _rows_by_path(self, withheld: list[Row]) -> Iterator[Tables]:
        """Give the rows of each file, by its path; of what is withheld, which has another order,
        into the list."""
        for file in sorted(self._spool.files, key=attrgetter("path")):
            rows = self._spool.tables(file, Part.OF_PATH)
            article = self._article_of[file.placement.text].id if file.placement else None
            withheld += rows.pop("withheld", ())
            rows["diagnostics"] = [(article, *row) for row in rows.get("diagnostics", ())]
            yield rows

    def _article_row(self, article: ChosenArticle) -> Row:
        values = self._spool.article(article.lead)
        told = (str(values[column]) for column in ("title", "digest", "front_matter"))
        if article.id not in self._former:
            self._added.append(article.id)
        elif self._former[article.id] != text_digest(*told):
            self._changed.append(article.id)
        values["published"] = article.published
        day = self._days[article.id]
        span = (article.first_seen, article.last_seen, article.removed)
        return (*values.values(), day, self._docids[article.id], *span)

    def _in_order(self) -> list[ChosenArticle]:
        """Return the articles by their numbers in the index."""
        return sorted(self._articles, key=lambda each: self._docids[each.id])

    def _entries(self, articles: Sequence[ChosenArticle]) -> Iterator[Entry]:
        """Give the entries of articles in the index."""
        for begin in range(0, len(articles), TOGETHER):
            some = articles[begin : begin + TOGETHER]
            labels = index.labels(
                [(each.section, each.source, each.feed) for each in article.placements]
                for article in some
            )
            for article, names in zip(some, labels, strict=True):
                yield (self._docids[article.id], *self._tokens(article), *names)

    def _tokens(self, article: ChosenArticle) -> IndexTokens:
        stored, language, features = self._spool.tokens(article.lead)
        tokens = IndexTokens(*stored)
        if article.lead.placement and article.published != article.lead.placement.published:
            return tokens._replace(facts=facts(article.published, language, features))
        return tokens

    def _stored(self, articles: Iterable[int], docids: Mapping[int, int]) -> Iterator[Entry]:
        return index.stored(self._db, ((docids[key], key) for key in articles))

    def _shrink(self) -> None:
        """Give back the room of what left the file, where that is most of it."""
        free, pages = (
            self._db.execute(f"pragma {name}").fetchone()[0]
            for name in ("freelist_count", "page_count")
        )
        if free > pages // 2:
            self._db.execute("vacuum")


def _fingerprints(database: Path) -> Fingerprints:
    """Return those of a finished database; none of what is no database, or not one of ours."""
    try:
        with reading(database) as db:
            return {key: text_digest(*row) for key, *row in db.execute(_FORMER)}
    except sqlite3.DatabaseError:
        return {}
