"""Words in context: every place of the text, and no other."""

from __future__ import annotations

import random
import re
import sqlite3
from pathlib import Path

import pytest
from conftest import build_into
from hypothesis import given
from hypothesis import strategies as st

from clippings.markdown.rendering import plain_text
from clippings.search.concordance import ORDERS, Concordance, concordance
from clippings.search.folding import CJK, fold
from clippings.search.occurrences import Texts, count_occurrences, open_positions, read_sample
from clippings.search.query import parse_query
from clippings.search.snippets import fold_with_origin


def opened(database: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(database)
    open_positions(conn)
    return conn


@pytest.fixture(scope="module")
def seeds(database: Path) -> sqlite3.Connection:
    return opened(database)


@pytest.fixture
def archive(tmp_path: Path) -> sqlite3.Connection:
    """Three articles: overlaps, both scripts, words at the edges of blocks, Latin words."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.md").write_text("---\ntitle: 甲\ndate: 2022-01-03\n---\n\n哈哈哈\n\n晶片 芯片\n")
    (source / "b.md").write_text(
        "---\ntitle: 乙\ndate: 2022-01-02\n---\n\n**软**件與軟件\n\n软\n\n件\n\n* 末尾的軟體\n"
    )
    (source / "c.md").write_text(
        "---\ntitle: AI in chips\ndate: 2022-01-01\n---\n\nThe AI said AI-made, not SAID. 用AI芯片"
    )
    return opened(build_into(tmp_path, source))


def found(conn: sqlite3.Connection, text: str, **options: object) -> Concordance:
    return concordance(conn, parse_query(text), **options)  # type: ignore[arg-type]


def words(conn: sqlite3.Connection, text: str, **options: object) -> list[str]:
    return [line.word for line in found(conn, text, **options).lines]


def test_overlaps_scripts_and_edges(archive: sqlite3.Connection) -> None:
    """Each place counts, whichever script it is in; never across the edge of a block."""
    assert words(archive, "哈哈") == ["哈哈", "哈哈"]
    assert words(archive, '"软件"') == ["软件", "軟件"]
    assert words(archive, '"軟件"') == ["软件", "軟件"]
    assert words(archive, "末") == ["末"]
    assert words(archive, "ai") == ["AI", "AI", "AI"]
    assert words(archive, "said") == ["said", "SAID"]
    assert words(archive, "AI芯片") == ["AI芯片"]
    assert words(archive, "title:甲") == []
    assert words(archive, "date:2022") == []


def test_a_filter_narrows_and_the_context_is_as_written(archive: sqlite3.Connection) -> None:
    """Lines come with the text beside them and their article."""
    (line,) = found(archive, '"芯片" date:2022-01-03', width=4).lines
    assert line[:3] == (" 晶片 ", "芯片", "")
    assert (line.day, line.source, line.title) == ("2022-01-03", None, "甲")
    assert found(archive, '"芯片"')[1:] == (2, 2, 2, 2)


def test_orders(archive: sqlite3.Connection) -> None:
    """By date the newest is first; by what follows or precedes, equal contexts stand together."""
    lines = found(archive, "ai OR 软 OR 末", order="right").lines
    following = [fold(line.right).split() for line in lines]
    assert following == sorted(following)
    assert [line.left[-5:] for line in found(archive, "said", order="left").lines] == [
        "e AI ",
        " not ",
    ]
    days = [line.day for line in found(archive, "芯片 OR 软件").lines]
    assert days == sorted(days, key=str, reverse=True)
    for order in ORDERS:
        whole = found(archive, "ai OR 软 OR 哈哈", order=order).lines
        parts = [
            found(archive, "ai OR 软 OR 哈哈", order=order, limit=2, offset=offset).lines
            for offset in range(0, len(whole), 2)
        ]
        assert [line for part in parts for line in part] == whole


def test_what_the_index_cannot_tell(archive: sqlite3.Connection) -> None:
    """Single characters and beginnings: by the text."""
    known = count_occurrences(archive, parse_query('"软件"'))
    assert known is not None
    assert [*map(int, known[1])] == [2]
    for text in ("软", "sai*", '"春，百花"'):
        assert count_occurrences(archive, parse_query(text)) is None


def test_a_sample_says_so(archive: sqlite3.Connection) -> None:
    """What is not read is not counted, and how much was read is told."""
    part = found(archive, '"芯片"', order="right", most=1)
    assert (part.occurrences, part.articles, part.read, part.found) == (1, 1, 1, 2)
    assert len(read_sample(archive, parse_query("").match, 1).docids) == 1


def check_counts(conn: sqlite3.Connection, count: int) -> None:
    """Compare with a plain count, overlaps included, in every folded text of the archive."""
    folded = [fold(plain_text(text)) for (text,) in conn.execute("select markdown from articles")]
    rng = random.Random(19)
    runs = [run for text in folded for run in re.findall(f"[{CJK}]+", text)]
    latin = [word for text in folded for word in re.findall(r"(?<!\S)[a-z]{3,}(?!\S)", text)]
    for number in range(count):
        run, length = rng.choice(runs), 1 + number % 5
        start = rng.randrange(max(1, len(run) - length))
        pieces = [run[start : start + length], *([rng.choice(latin)] if latin else [])]
        for piece in pieces:
            edge = (
                ("", "") if piece is pieces[0] else (f"(?<![^\\W\\d{CJK}])", f"(?![^\\W\\d{CJK}])")
            )
            plain = re.compile(f"{edge[0]}(?={re.escape(piece)}{edge[1]})")
            counts = [n for text in folded if (n := len(plain.findall(text)))]
            for order in ("date", "right"):  # by the index's positions, and by the text
                lines = found(conn, f'"{piece}"', limit=1, order=order)
                assert (lines.occurrences, lines.articles) == (sum(counts), len(counts)), piece
        either = f'"{pieces[0]}" OR "{pieces[-1]}" -x'
        ways = [found(conn, either, order=order, limit=10_000) for order in ("date", "right")]
        assert ways[0][1:3] == ways[1][1:3], either
        assert sorted(ways[0].lines, key=str) == sorted(ways[1].lines, key=str), either


def test_counts_are_those_of_the_text(seeds: sqlite3.Connection) -> None:
    """Of the project's own articles."""
    check_counts(seeds, 60)


def test_counts_are_those_of_real_texts(corpus_database: Path) -> None:
    """The same on real articles, in several scripts and with code."""
    check_counts(opened(corpus_database), 20)


@given(
    st.lists(st.text("软軟件哈核 \n，AIa1-éＡ㈱①e\u0301")),
    st.text("软軟哈核", min_size=1, max_size=3),
)
def test_places_in_the_batch_are_those_of_each_text(texts: list[str], word: str) -> None:
    """Texts folded together give the places that each gives alone, and a plain count."""
    together = Texts(list(range(len(texts))), texts, len(texts))
    alone = [fold_with_origin(text)[0] for text in texts]
    assert together.folded == "\n".join(["", *alone, ""])
    wanted = fold(word)
    counts = [sum(each.startswith(wanted, i) for i in range(len(each))) for each in alone]
    placed = [together.text_at(start) for start, _ in together.find([word])]
    assert [placed.count(number) for number in range(len(texts))] == counts
