"""The scratch file: what the workers made of the files, in any order."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from clippings.build.state import RECORD_FILES
from clippings.database.rows import COLUMNS, FileRows, Row
from clippings.database.schema import STATE, attach, run_all, scratch_schema
from clippings.models import UNREADABLE, BuildError, SourceFile

TOGETHER = 256
"""Files whose rows are written at a time."""

_INSERT = {
    table: f"insert into staged.{table} values ({', '.join('?' * len(columns))})"
    for table, columns in {**COLUMNS, "files": range(4), "stamps": range(2)}.items()
}

_SHARING = """
    select path from state.files
    where text in (
      select text from state.files join staged.dropped using (path)
      union select of_text from staged.placements
    ) and path not in (select path from staged.dropped)
    order by path
"""

SAME_ID = (
    "two paths have the same id, which happens once in some ten million archives; "
    "rename the file that was added last"
)


class Staging:
    """Collects the rows of the files that were read, beside what the last build knew.

    `scratch` does not exist yet; `state` is a draft of the state file, or does not exist either.
    Both files can be attached by others once this is closed.
    """

    def __init__(self, scratch: Path, state: Path) -> None:
        is_new = not state.exists()
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        for name, path in (("staged", scratch), ("state", state)):
            attach(self._db, name, path)
        self._db.execute("begin")
        run_all(self._db, (*scratch_schema(), *(STATE if is_new else ())))
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self.changed: list[str] = []

    def add(self, source: SourceFile, rows: FileRows) -> None:
        """Take what one file gives."""
        self.changed.append(source.path)
        for table, of_file in rows.tables.items():
            self._rows[table] += of_file
        stamp = _stamp(source, rows.digest)
        self._rows["files"].append((source.path, stamp, rows.digest, rows.text))
        if len(self._rows["files"]) >= TOGETHER:
            self._write()

    def keep(self, source: SourceFile) -> None:
        """Note the new stamp of a file that holds what it held."""
        self._rows["stamps"].append((source.path, _stamp(source, source.known)))

    def drop(self, paths: Iterable[str]) -> list[str]:
        """Have the rows of these files leave the archive.

        Gives the files that share a text with one of them, or with a file that was added: which
        of them gives the article its fields has to be settled anew, so they are to be read again.
        """
        self._write()
        self._db.executemany(
            "insert or ignore into staged.dropped values (?)", ((path,) for path in paths)
        )
        return [path for (path,) in self._db.execute(_SHARING)]

    def record(self) -> None:
        """Bring the files of the state up to date where nothing else is to be done."""
        self._write()
        run_all(self._db, RECORD_FILES)

    def commit(self) -> None:
        """Write what is left."""
        self._write()
        self._db.execute("commit")

    def close(self) -> None:
        """Let go of the files."""
        self._db.close()

    def _write(self) -> None:
        for table, rows in self._rows.items():
            try:
                self._db.executemany(_INSERT[table], rows)
            except sqlite3.IntegrityError:
                raise BuildError(SAME_ID) from None
        self._rows.clear()


def _stamp(source: SourceFile, digest: str) -> str:
    """The stamp by which a file is known; none where it is to be tried again."""
    return "" if digest.startswith(UNREADABLE) else source.stamp
