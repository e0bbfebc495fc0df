"""Parts of a full-text index, written side by side, as one: FTS5 itself has no command for it.

    part 1, part 2: articles_fts of files of their own, each merged whole ─► join ─► two segments

An index is some segments, and a search looks into each. They lie in the tables of FTS5, which are
copied here as VACUUM would; only the two records that tell of the whole are written anew. What is
in them is said at the head of SQLite's fts5_index.c, and is part of its file format:

    averages    id 1    number of rows, then the number of tokens of each column
    structure   id 10   cookie (4 bytes); numbers of levels, segments and writes; of each level the
                        number of segments that are being merged and of all, and of each of these
                        its number and its first and last page
    a page      id segment << 37 | page; one with bit 36 is an index of pages

The numbers in records are varints: seven bits a byte, the highest first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

_AVERAGES, _STRUCTURE = 1, 10
_BEGIN = [f"delete from articles_fts_{table}" for table in ("config", "data", "idx", "docsize")]
_COPY = (
    "insert or ignore into articles_fts_config select * from {part}.articles_fts_config",
    "insert into articles_fts_data select id & ((1 << 37) - 1) | ({number} << 37), block"
    " from {part}.articles_fts_data where id >= 1 << 37",
    "insert into articles_fts_idx select {number}, term, pgno from {part}.articles_fts_idx",
    "insert into articles_fts_docsize select * from {part}.articles_fts_docsize",
)
_RECORD = "select block from {part}.articles_fts_data where id = {id}"


def join(db: sqlite3.Connection, parts: Sequence[Path]) -> None:
    """Make the index of `db` of those in the files `parts`, which follow one another.

    Each of them has one segment at most, and rows of greater numbers than the one before.
    """
    for sql in _BEGIN:
        db.execute(sql)
    totals: list[list[int]] = []
    segments: list[int] = []
    cookie = b""
    for number, path in enumerate(parts, 1):
        part = f"part_{number}"
        db.execute(f"attach ? as {part}", [str(path)])
        for sql in _COPY:
            db.execute(sql.format(part=part, number=number))
        averages, structure = (
            db.execute(_RECORD.format(part=part, id=id)).fetchone()[0]
            for id in (_AVERAGES, _STRUCTURE)
        )
        cookie = structure[:4]
        *_, first, last = read_varints(structure[4:])
        if averages:
            totals.append(read_varints(averages))
            segments += number, first, last
    levels = (0, 0), (0, len(totals), *segments)
    records = {
        _AVERAGES: write_varints(map(sum, zip(*totals, strict=True))),
        _STRUCTURE: cookie + write_varints((len(levels), len(totals), 0, *chain(*levels))),
    }
    db.executemany("insert into articles_fts_data values (?, ?)", records.items())


def read_varints(record: bytes) -> list[int]:
    """Return the numbers of a record."""
    numbers = []
    number = 0
    for byte in record:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    return numbers


def write_varints(numbers: Iterable[int]) -> bytes:
    """Return numbers, none of which has more than 56 bits, as a record has them."""
    record = bytearray()
    for number in numbers:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        record += bytes(reversed(groups))
    return bytes(record)
