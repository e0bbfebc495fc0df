"""What a build remembers for the next one, in a hidden file beside the database.

It is a cache: without it, or when it does not fit the database or this program, everything is
read and converted again, with the same result.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from clippings.database.inspect import inspected_beside
from clippings.database.schema import open_draft, reading
from clippings.models import FileState
from clippings.reading.identity import digest_of_file

_SCHEMA = """
    create table if not exists files (
      path text primary key, stamp text not null, digest text not null,
      text text  -- digest of its article's text; null: no article
    ) without rowid;
    -- What tells which articles are alike (clippings/similarity), as packed numbers.
    create table if not exists features (
      article integer primary key, published text, keywords blob not null, factors blob not null,
      sketch blob not null
    );
    create table if not exists about (name text primary key, value text not null) without rowid;
"""

_FEATURES = """
    select article, published, keywords, factors, sketch from features order by article
"""

FeatureRow = tuple[int, str | None, bytes, bytes, bytes]
"""Article, date of publication, keywords, their factors, sketch."""


class State:
    """A draft of the state: a new one, or a copy of the last one to be brought up to date."""

    def __init__(self, path: Path) -> None:
        self._db = open_draft(path, _SCHEMA)

    def close(self) -> None:
        """Let go of the file; what was not committed is lost."""
        self._db.close()

    def commit(self) -> None:
        """Write what was noted."""
        self._db.execute("commit")

    def note(self, path: str, file: FileState) -> None:
        """Note what a file is."""
        self._db.execute("insert or replace into files values (?, ?, ?, ?)", (path, *file))

    def forget(self, paths: Iterable[str], articles: Iterable[int]) -> None:
        """Forget files that are gone, and articles that were taken out."""
        self._db.executemany("delete from files where path = ?", ([path] for path in paths))
        many = ([article] for article in articles)
        self._db.executemany("delete from features where article = ?", many)

    def note_features(self, rows: Iterable[FeatureRow]) -> None:
        """Note what tells which articles an article is like."""
        self._db.executemany("insert into features values (?, ?, ?, ?, ?)", rows)

    def features(self) -> Iterator[FeatureRow]:
        """Give those of all articles, by id."""
        yield from self._db.execute(_FEATURES)

    def belongs_to(self, draft: Path, version: str, digest: str) -> None:
        """Note which database this is the state of: `draft`, with this SHA-256."""
        about = {"version": version, "hash": digest, **_look(draft)}
        self._db.executemany("insert or replace into about values (?, ?)", about.items())


def state_path(target: Path) -> Path:
    """Return where the state of a database lies: `.clippings.db.state` beside `clippings.db`."""
    return target.with_name(f".{target.name}.state")


def known_files(target: Path, version: str) -> dict[str, FileState] | None:
    """Return what the last build of `target` knew of each path; None: there is nothing to build on.

    That is so when there was no build, another version of this program made it, the database
    is not the one that it made, or what Datasette is to know of that is lost.
    """
    if target.stem not in inspected_beside(target):
        return None
    try:
        with reading(state_path(target)) as db:
            about = dict(db.execute("select name, value from about"))
            if about["version"] != version or not _is_same(target, about):
                return None
            rows = db.execute("select path, stamp, digest, text from files")
            return {path: FileState(stamp, digest, text) for path, stamp, digest, text in rows}
    except (sqlite3.DatabaseError, KeyError, FileNotFoundError):
        return None


def is_whole(target: Path) -> bool:
    """Return whether the state of `target` is sound in all its pages; some are read late."""
    try:
        with reading(state_path(target)) as db:
            return db.execute("pragma quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def _look(path: Path) -> dict[str, str]:
    status = os.stat(path)
    return {"size": str(status.st_size), "modified": str(status.st_mtime_ns)}


def _is_same(target: Path, about: dict[str, str]) -> bool:
    """Whether a file is the database of a state: by its looks, else (a copy) by its digest."""
    looks = _look(target)
    if looks["size"] != about["size"]:
        return False
    return looks["modified"] == about["modified"] or digest_of_file(target) == about["hash"]
