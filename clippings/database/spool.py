"""The rows of the files that were read, in one file, until the writer knows where they go.

Only what the build decides by is in memory: some hundred bytes a file.
"""

from __future__ import annotations

import marshal
import os
from pathlib import Path
from struct import Struct
from sys import intern
from typing import Any, NamedTuple

from clippings.database.rows import (
    ARTICLE_FIELDS,
    Features,
    FileRows,
    Part,
    Placement,
    StoredTokens,
    Tables,
    Value,
)


class SpooledFile(NamedTuple):
    """A file whose rows are in the spool; `at` is where they begin."""

    path: str
    placement: Placement | None
    at: int


_LENGTHS = Struct(f"{len(Part)}Q")
"""What stands before the parts of a file."""


class Spool:
    """Appends rows to a new file, and reads them again in any order."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._end = 0
        self.files: list[SpooledFile] = []

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def add(self, rows: FileRows) -> None:
        """Append what a worker made of a file."""
        lengths = tuple(map(len, rows.parts))
        self._file.writelines((_LENGTHS.pack(*lengths), *rows.parts))
        placement = rows.placement and _shared(rows.placement)
        self.files.append(SpooledFile(rows.path, placement, self._end))
        self._end += _LENGTHS.size + sum(lengths)

    def flush(self) -> None:
        """Make what was appended readable."""
        self._file.flush()

    def article(self, file: SpooledFile) -> dict[str, Value]:
        """Read the row of the article, by column."""
        return dict(zip(ARTICLE_FIELDS, self._read(file, Part.ARTICLE), strict=True))

    def tokens(self, file: SpooledFile) -> StoredTokens:
        """Read the article's entry of the index."""
        return StoredTokens(*self._read(file, Part.TOKENS))

    def features(self, file: SpooledFile) -> Features:
        """Read what tells which articles the article is like."""
        return Features(*self._read(file, Part.FEATURES))

    def tables(self, file: SpooledFile, part: Part) -> Tables:
        """Read the rows of other tables, OF_ARTICLE or OF_PATH."""
        tables: Tables = self._read(file, part)
        return tables

    def _read(self, file: SpooledFile, part: Part) -> Any:
        spool = self._file.fileno()
        lengths = _LENGTHS.unpack(os.pread(spool, _LENGTHS.size, file.at))
        begin = file.at + _LENGTHS.size + sum(lengths[:part])
        return marshal.loads(os.pread(spool, lengths[part], begin))


def _shared(placement: Placement) -> Placement:
    """The same with names that many files have in memory once."""
    section, source, feed = (
        name and intern(name) for name in (placement.section, placement.source, placement.feed)
    )
    return placement._replace(section=section, source=source, feed=feed)
