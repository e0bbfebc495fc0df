"""Parts of an index that are joined are the index that was written as one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clippings.database import index, segments
from clippings.database.schema import archive_schema, open_draft

Rows = list[tuple[Any, ...]]

WORDS = [f"{'词语文字新闻'[n % 6]}{chr(0x4E00 + n % 300)}" for n in range(700)]
EVERYTHING = "select term, doc, col, offset from temp.words"


def entries(numbers: range) -> list[index.Entry]:
    """Give entries of 120 words each; one stands in all of them, so often that FTS5 makes an index
    of its pages."""
    texts = (" ".join(["每篇", *WORDS[n % 9 :: 12], f"第{n}", *["每篇"] * 60]) for n in numbers)
    return [
        (n, f"题{n % 50}", "", "", text, "", "all", "", "", "")
        for n, text in zip(numbers, texts, strict=True)
    ]


def joined(folder: Path, parts: Sequence[range]) -> sqlite3.Connection:
    """Write each part, and join them in a new database."""
    paths = [folder / f"part-{len(parts)}-{n}" for n in range(len(parts))]
    for path, numbers in zip(paths, parts, strict=True):
        index.write_part(path, entries(numbers))
    db = open_draft(folder / f"joined-{len(parts)}", archive_schema()[0])
    segments.join(db, paths)
    db.execute("create virtual table temp.words using fts5vocab (main, articles_fts, instance)")
    return db


def found(db: sqlite3.Connection, match: str) -> Rows:
    """Return what an expression finds, with the scores, which depend on all lengths."""
    sql = "select rowid, bm25(articles_fts) from articles_fts where articles_fts match ?"
    return db.execute(f"{sql} order by rowid desc", [match]).fetchall()


def check(db: sqlite3.Connection) -> None:
    """Let FTS5 look at its tables, and merge and go on with them."""
    db.execute("insert into articles_fts (articles_fts) values ('integrity-check')")


@pytest.mark.parametrize("cut", [1, 2, 300, 601])
def test_two_parts_are_the_whole(tmp_path: Path, cut: int) -> None:
    """Every word with its places, the scores, and also where a part has no entry, or one."""
    with (
        closing(joined(tmp_path, [range(1, 601)])) as whole,
        closing(joined(tmp_path, [range(1, cut), range(cut, 601)])) as two,
    ):
        assert two.execute(EVERYTHING).fetchall() == whole.execute(EVERYTHING).fetchall()
        for match in ('"每篇"', '"第7"', f'"{WORDS[3]} {WORDS[15]}"', "题1 NOT 第51"):
            assert found(two, match) == found(whole, match) != []
        pages = "select count(distinct id >> 37) from articles_fts_data where id & (1 << 36)"
        assert whole.execute(pages).fetchone() == (1,)
        check(two)


def test_what_is_added_later_is_merged_with_the_parts(tmp_path: Path) -> None:
    """As the next build does, and the one after that merges all."""
    with closing(joined(tmp_path, [range(1, 301), range(301, 601)])) as db:
        index.forget(db, entries(range(290, 310)))
        index.add(db, entries(range(601, 611)))
        check(db)
        assert [row[0] for row in found(db, '"第299" OR "第310" OR "第605"')] == [605, 310]
        db.execute("insert into articles_fts (articles_fts) values ('optimize')")
        check(db)
        assert len(found(db, '"每篇"')) == 590


def test_an_archive_without_articles(tmp_path: Path) -> None:
    """The index is empty, and takes what comes."""
    with closing(joined(tmp_path, [range(0), range(0)])) as db:
        check(db)
        assert found(db, "all") == []
        index.add(db, entries(range(1, 3)))
        assert [number for number, _ in found(db, "all")] == [2, 1]


@given(st.lists(st.integers(0, 2**56 - 1)))
def test_numbers_of_records(numbers: list[int]) -> None:
    """What is written is read again."""
    assert segments.read_varints(segments.write_varints(numbers)) == numbers
