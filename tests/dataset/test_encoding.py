"""Each format is written in pieces, and is what programs that read it expect."""

from __future__ import annotations

import random
import sqlite3

import pytest

from clippings.dataset import encoding
from clippings.dataset.encoding import FORMATS
from clippings.dataset.tables import Column

SQL = """
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 300)
    select i as id, text(i) as title, text(i) as markdown, '[]' as tags, '2022-01-11' as day,
      null as published, null as updated, null as section, null as source, null as feed,
      null as author, null as language, null as url, null as image, null as accessed from n
"""


@pytest.mark.parametrize("ending", FORMATS)
def test_memory_does_not_grow_with_the_rows(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder has given most of its bytes before it has read the last tenth of its rows."""
    monkeypatch.setattr(encoding, "GROUP_BYTES", 2**16)
    read = 0

    def text(number: int) -> str:
        nonlocal read
        read = number
        return random.Random(number).randbytes(1500).hex()

    conn = sqlite3.connect(":memory:")
    conn.row_factory = sqlite3.Row
    conn.create_function("text", 1, text)
    rows = conn.execute(SQL)
    columns = [Column(name, "text", False, "") for name, *_ in rows.description]
    columns[0] = Column("id", "integer", True, "")
    early = late = 0
    for piece in FORMATS[ending].encode(columns, rows):
        early, late = (early, late + len(piece)) if read > 270 else (early + len(piece), late)
    assert read == 300 and early > late > 0


@pytest.mark.parametrize("ending", FORMATS)
def test_nothing_is_a_file_too(ending: str) -> None:
    """Without a row there is a head, an empty array or an empty zip."""
    data = b"".join(FORMATS[ending].encode([Column("id", "integer", True, "")], iter(())))
    expected = {"csv": b"id\r\n", "excel.csv": b"\xef\xbb\xbfid\r\n", "csl.json": b"[]\n"}
    assert data == expected.get(ending, data)
