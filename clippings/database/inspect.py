"""What others want to know of a finished database file, and of a disk that fails."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clippings.database.schema import reading
from clippings.models import PASSED_OVER, AboutRows, Accounting, BuildError

INSPECTED = "inspect-data.json"
"""The file in which Datasette looks for what it need not count, beside the databases."""

_DISK = re.compile(r"disk I/O|is full|unable to open")
"""What SQLite says when the disk fails it; any other error of its is a bug of ours."""

_WHY = "select path, message from diagnostics where severity = 'error' order by path limit ?"


@contextlib.contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Raise BuildError, naming the target, where SQLite cannot write in the block, or finds the
    last database damaged."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "malformed" in str(error):
            way_out = "the last database is damaged; build everything anew with --fresh"
            raise BuildError(f"{target}: {error}: {way_out}") from error
        if not _DISK.search(str(error)):
            raise
        raise BuildError(
            f"{target}: {error}: no space left, or a quota or limit reached"
        ) from error


def inspected_beside(target: Path) -> dict[str, Any]:
    """What the file beside a database says of each one that is still there, by name; nothing
    where there is no such file, or not one of ours."""
    folder = target.parent
    try:
        known = json.loads((folder / INSPECTED).read_text("utf-8"))
        return {name: each for name, each in known.items() if (folder / each["file"]).is_file()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError, KeyError):
        return {}


def accounting_of(path: Path) -> Accounting:
    """What the build of a finished database counted."""
    with reading(path) as db:
        counts = dict(db.execute("select name, count from accounting order by name"))
    counts.pop("files_found", None)
    reasons = [name for name in counts if name.startswith(PASSED_OVER)]
    passed_over = tuple((name.removeprefix(PASSED_OVER), counts.pop(name)) for name in reasons)
    return Accounting(**counts, passed_over=passed_over)


def told_by(path: Path) -> tuple[tuple[tuple[str, int], ...], AboutRows]:
    """What a finished database says beside its articles: what was passed over, and its owner."""
    with reading(path) as db:
        about = tuple(db.execute("select name, value from about order by name"))
    return accounting_of(path).passed_over, about


def quarantined_in(path: Path, most: int) -> list[str]:
    """Why files are in quarantine in a finished database: so many of them, by path."""
    with reading(path) as db:
        return [f"{path}: {message}" for path, message in db.execute(_WHY, [most])]


def entries_used(path: Path) -> frozenset[int]:
    """The numbers of the entries of `withhold` that took something out of a finished database."""
    with reading(path) as db:
        return frozenset(n for (n,) in db.execute("select distinct entry from withheld"))
