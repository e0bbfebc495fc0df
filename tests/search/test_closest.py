"""Questions as people type them find the article that is meant, and say so where none is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from conftest import index_labels, index_text

from clippings.search.closest import split_question
from clippings.search.passages import search
from clippings.search.query import parse_query
from clippings.search.results import count
from clippings.search.suggestions import complete, suggest, unknown_sources
from clippings.search.tokens import facts

SCHEMA = Path(__file__).parents[2] / "clippings" / "database" / "schema.sql"
ARTICLES = {
    1: ("英镑兑美元跌至新低", "减税计划公布之后，英镑周一暴跌近百分之五。", "财联社"),
    2: ("德国工厂附近着火", "特斯拉位于柏林的超级工厂旁边发生火灾，消防员已经赶到。", "3DMGame"),
    3: ("奶茶店怎么开", "蜜雪冰城的加盟费是每年一万一千元，另收管理费。", "知乎"),
    4: (
        "How NORAD tracks Santa",
        "The tracker was made with several languages in mind.",
        "Digital",
    ),
    5: ("菜谱", "四川的朋友送来一坛腊肉，味道很好。", "下厨房"),
}


@pytest.fixture(scope="module")
def archive() -> sqlite3.Connection:
    """A few articles, and as many again that say nothing, so that words are rare."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA.read_text("utf-8"))
    filler = dict.fromkeys(
        range(6, 60), ("今天的天气", "今天的天气很好，大家都在公园里。", "天气网")
    )
    for docid, (title, body, source) in (ARTICLES | filler).items():
        connection.execute(
            "insert into articles (id, docid, title, markdown, source, day, summary, characters,"
            " digest, front_matter) values (?, ?, ?, ?, ?, '2022-09-26', '', 1, '', '{}')",
            (docid, docid, title, body, source),
        )
        connection.execute(
            "insert into articles_fts (rowid, body, title, source, facts) values (?, ?, ?, ?, ?)",
            (
                docid,
                *map(index_text, (body, title)),
                index_labels(source),
                facts("2022-09-26", "zh", ()),
            ),
        )
    return connection


def asked(connection: sqlite3.Connection, query: str) -> dict[int, tuple[str, ...]]:
    found = search(connection, parse_query(query), "relevance")
    matched = {hit.article["id"]: hit.matched for hit in found.closest}
    assert matched.keys().isdisjoint(hit.article["id"] for hit in found.hits)
    return matched


@pytest.mark.parametrize(
    ("question", "article", "held"),
    [
        ("英镑为什么暴跌", 1, ("英镑", "暴跌")),
        ("特斯拉德国工厂火灾", 2, ("特斯拉", "德国工厂", "火灾")),
        ("蜜雪冰城加盟费多少钱", 3, ("蜜雪冰城", "加盟费")),
        ("蜜雪冰城加盟費多少錢", 3, ("蜜雪冰城", "加盟費")),
        ("which language does NORAD's tracking know", 4, ("language", "NORAD", "tracking")),
        ("英镑为什么暴跌 source:财联社 date:2022", 1, ("英镑", "暴跌")),
        ("德国工厂招聘要求", 2, ("德国工厂",)),
        ("特斯拉軟體火災在哪裡", 2, ("特斯拉", "火灾")),
    ],
)
def test_a_question_finds_its_article(
    archive: sqlite3.Connection, question: str, article: int, held: tuple[str, ...]
) -> None:
    """Without spaces, with words that ask and other endings; what it holds is as typed."""
    assert asked(archive, question) == {article: held}


@pytest.mark.parametrize(
    "question",
    [
        '"英镑为什么暴跌"',
        "英镑为什么暴跌 source:知乎",
        "英镑为什么暴跌 -美元",
        "怎么腌制四川泡菜",
        "量子计算机的原理",
        "蜜雪冰城柠檬水怎么做",
        "为什么",
        "title:英镑暴跌",
        "source:财联社",
        "",
    ],
)
def test_nothing_is_closest(archive: sqlite3.Connection, question: str) -> None:
    """Quotes, filters and a minus hold; words that the archive has not give no noise."""
    assert asked(archive, question) == {}


def test_enough_results_stand_alone(archive: sqlite3.Connection) -> None:
    """Three results are enough, and what holds all of it is not given twice."""
    assert asked(archive, "天气很好") == {}
    found = search(archive, parse_query("英镑"), "relevance")
    assert (found.total, [hit.article["id"] for hit in found.hits], found.closest) == (1, [1], [])


def test_parts_of_a_question() -> None:
    """Chinese gives pairs, a lone character stays; English its words without their endings."""
    assert split_question("猫为什么怕水 C++ Languages") == {
        "猫": (0, 1),
        "怕水": (4, 6),
        "c++": (7, 10),
        "languag*": (11, 20),
    }
    assert split_question("㈱会社") == {"株": (0, 1), "会社": (1, 3)}


def test_long_questions_are_bounded(archive: sqlite3.Connection) -> None:
    """A text of thousands of different characters asks a bounded number of things of the index."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    text = "".join(map(chr, range(0x4E00, 0x5500)))
    archive.set_progress_handler(count, 1)
    assert asked(archive, text) == {}
    archive.set_progress_handler(None, 1)
    assert steps < 5_000


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("特斯拉 火灾演习", ["part 特斯拉 1", "part 火灾 1"]),
        ("norda 腊肉", ["nearest norad 0", "part 腊肉 1"]),
        ("source:财联网 英镑", ["nearest 财联社 0", "part 英镑 1"]),
        ("英镑 -暴跌", ["without 英镑 1", "part 英镑 1"]),
        ("英镑 2022年9月26日", ["date 2022-09-26 0", "part 英镑 1"]),
        ("英镑 9月26号", ["date 2022-09-26 0", "part 英镑 1"]),
        ("英镑 date:2022年9月26日", []),
        ("英镑", []),
    ],
)
def test_suggestions(archive: sqlite3.Connection, query: str, offered: list[str]) -> None:
    """What else to ask, and each suggestion finds something."""
    parsed = parse_query(query)
    total = count(archive, parsed.match)
    suggested = suggest(archive, parsed, total)
    assert [f"{each.kind} {each.text} {each.articles}" for each in suggested] == offered
    for each in suggested:
        assert count(archive, parse_query(each.query).match) >= each.articles


def test_a_source_that_is_nowhere_is_noted(archive: sqlite3.Connection) -> None:
    """Whatever else is found; one that is there is not."""
    notes = unknown_sources(archive, parse_query("来源：财联网 OR source:知乎 英镑"))
    assert [(note.code, note.fragment) for note in notes] == [("unknown-source", "来源：财联网")]


def test_completions(archive: sqlite3.Connection) -> None:
    """Titles and sources that begin so come before titles that hold it; nothing for nothing."""
    assert complete(archive, "德国") == ["德国工厂附近着火"]
    assert complete(archive, "知") == ["知乎"]
    assert complete(archive, "sant") == ["How NORAD tracks Santa"]
    assert complete(archive, " ") == complete(archive, "。") == []
