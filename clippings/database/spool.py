"""The rows of the files that were read, in one file, until the writer knows where they go.

Only what the build decides by is in memory: some hundred bytes a file.
"""

from __future__ import annotations

import os
from pathlib import Path
from sys import intern
from typing import NamedTuple

from clippings.database.rows import (
    Features,
    FileRows,
    Placement,
    StoredTokens,
    Tables,
    Value,
    article_row,
    features,
    other_rows,
    stored_tokens,
)


class SpooledFile(NamedTuple):
    """A file whose rows are in the spool; `at` are the ends of its parts, after the start."""

    path: str
    placement: Placement | None
    at: tuple[int, int, int, int, int]


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
        ends = [self._end]
        for part in rows.parts:
            self._file.write(part)
            ends.append(ends[-1] + len(part))
        self._end = ends[-1]
        start, article, tokens, alike, other = ends
        placement = rows.placement and _shared(rows.placement)
        at = (start, article, tokens, alike, other)
        self.files.append(SpooledFile(rows.path, placement, at))

    def flush(self) -> None:
        """Make what was appended readable."""
        self._file.flush()

    def article(self, file: SpooledFile) -> dict[str, Value]:
        """Read the row of the article, by column."""
        return article_row(self._part(file, 0))

    def tokens(self, file: SpooledFile) -> StoredTokens:
        """Read the article's entry of the index."""
        return stored_tokens(self._part(file, 1))

    def features(self, file: SpooledFile) -> Features:
        """Read what tells which articles the article is like."""
        return features(self._part(file, 2))

    def others(self, file: SpooledFile) -> Tables:
        """Read the rows of all other tables."""
        return other_rows(self._part(file, 3))

    def _part(self, file: SpooledFile, number: int) -> bytes:
        start, end = file.at[number : number + 2]
        return os.pread(self._file.fileno(), end - start, start)


def _shared(placement: Placement) -> Placement:
    """The same with names that many files have in memory once."""
    section, source, feed = (
        name and intern(name) for name in (placement.section, placement.source, placement.feed)
    )
    return placement._replace(section=section, source=source, feed=feed)
