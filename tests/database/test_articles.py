"""Which file leads an article, and the articles' numbers."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from clippings.build.executors import mapper
from clippings.build.pipeline import build
from clippings.database.articles import choose, publication_order
from clippings.database.rows import Placement
from clippings.database.spool import SpooledFile
from clippings.reading.identity import path_id


def placed(path: str, text: str, date: str | None, feed: str | None = None) -> SpooledFile:
    place = Placement(path_id(path), text, date, None, None, feed, None, None, None)
    return SpooledFile(path, place, 0)


def test_the_first_with_a_feed_leads_and_the_earliest_date_counts() -> None:
    """In whatever order the files come; without a feed the first path leads."""
    files = [
        placed("a.md", "one", None),
        placed("b.md", "one", "2022-01-02", "头条"),
        placed("c.md", "one", "2022-01-01", "热榜"),
        placed("z.md", "two", "2022-01-03"),
        placed("y.md", "two", None),
        placed("x.md", "two", "1970-01-01T08:00:00"),
        SpooledFile("broken.md", None, 0),
    ]
    found = {(each.lead.path, each.published, each.id) for each in choose(files)}
    assert found == {
        ("b.md", "2022-01-01", path_id("b.md")),
        ("x.md", "2022-01-03", path_id("x.md")),
    }
    random.Random(1).shuffle(files)
    assert {(each.lead.path, each.published, each.id) for each in choose(files)} == found


def test_numbers_rise_with_the_date_and_leave_room() -> None:
    """Undated first, then by date and id; one article more moves none of another day."""
    dated = [(n, f"2022-01-{1 + n % 4:02}T0{n % 9}:00:00") for n in range(40)]
    articles: list[tuple[int, str | None]] = [(100, None), *dated]
    docids = publication_order(articles)
    by_docid = sorted(articles, key=lambda each: docids[each[0]])
    assert by_docid[0] == (100, None) and len(set(docids.values())) == len(articles)
    assert all((a or "", m) < (b or "", n) for (m, a), (n, b) in pairwise(by_docid))
    later = publication_order([*articles, (200, "2022-01-02T12:00:00")])
    assert all(later[n] == docids[n] for n, date in dated if not date.startswith("2022-01-02"))


def test_an_article_is_found_by_its_earliest_date(tmp_path: Path) -> None:
    """In its row, its day and the index alike, also when a later build learns of it."""
    source, target = tmp_path / "source", tmp_path / "x.db"
    source.mkdir()
    for name, header in (("a", "date: 2022-03-05"), ("b", "date: 2022-03-04\nfeed: 头条")):
        (source / f"{name}.md").write_text(f"---\ntitle: 标题\n{header}\n---\n正文")
        build((source,), target, mapper(1), 1.0, lambda done, total: None)
    with closing(sqlite3.connect(target)) as db:
        assert db.execute("select day, published from articles").fetchall() == [
            ("2022-03-04", "2022-03-04")
        ]
        for day, count in (("d20220304", 1), ("d20220305", 0)):
            sql = f"select count(*) from articles_fts where articles_fts match 'facts : {day}'"
            assert db.execute(sql).fetchone() == (count,)
