"""What a build remembers for the next one, in a hidden file beside the database.

It is a cache: without it, or when it does not fit the database or this program, everything is
read and converted again, with the same result.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from clippings.database.inspect import inspected_beside
from clippings.database.schema import reading
from clippings.models import Known
from clippings.reading.identity import digest_of_file

# The stamps come first: a file that held what it held may have been read once more, and not have
# been readable then, which its row of this build says.
RECORD_FILES = (
    """update state.files set stamp = (select stamp from staged.stamps where path = files.path)
       where path in (select path from staged.stamps)""",
    "delete from state.files where path in (select path from staged.dropped)",
    "insert into state.files select path, stamp, digest, text from staged.files order by path",
)


def state_path(target: Path) -> Path:
    """Where the state of a database lies: `.clippings.db.state` beside `clippings.db`."""
    return target.with_name(f".{target.name}.state")


def known_files(target: Path, version: str) -> dict[str, Known] | None:
    """What the last build of `target` knew of each path; None: there is nothing to build on.

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
            rows = db.execute("select path, stamp, digest from files")
            return {path: Known(stamp, digest) for path, stamp, digest in rows}
    except (sqlite3.DatabaseError, KeyError, FileNotFoundError):
        return None


def is_whole(target: Path) -> bool:
    """Whether the state of `target` is sound in all its pages, of which some are read late."""
    try:
        with reading(state_path(target)) as db:
            return db.execute("pragma quick_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def seal(state: Path, draft: Path, version: str, digest: str) -> None:
    """Write into a state which database it belongs to: `draft`, with this SHA-256."""
    about = {"version": version, "hash": digest, **_look(draft)}
    with closing(sqlite3.connect(state)) as db, db:
        db.executemany("insert or replace into about values (?, ?)", about.items())


def _look(path: Path) -> dict[str, str]:
    status = os.stat(path)
    return {"size": str(status.st_size), "modified": str(status.st_mtime_ns)}


def _is_same(target: Path, about: dict[str, str]) -> bool:
    """Whether a file is the database of a state: by its looks, else (a copy) by its digest."""
    looks = _look(target)
    if looks["size"] != about["size"]:
        return False
    return looks["modified"] == about["modified"] or digest_of_file(target) == about["hash"]
