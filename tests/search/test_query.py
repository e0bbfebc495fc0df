"""What finds what, what a query compiles to, and how a match is shown."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from conftest import index_labels, index_text
from hypothesis import given, settings
from hypothesis import strategies as st

from clippings.search.folding import fold
from clippings.search.query import parse_query
from clippings.search.results import ORDERS, count
from clippings.search.snippets import snippet
from clippings.search.tokens import facts

CASES = Path(__file__).parent
VECTORS = Path(__file__).parents[2] / ".." / "shared" / "vectors"
SCHEMA = Path(__file__).parents[2] / "clippings" / "database" / "schema.sql"

words_and_marks = st.text(
    st.sampled_from(
        "核战争軟件Ａé１a9 -－\"“”*^():：.,，。+#%@|{}\\'ｶﾞ한กﬁß😀𠮷\n\0\u00ad\u200b\u0301\U000e0100"
    ),
    max_size=40,
)


def cases(name: str, parts: int) -> Iterator[Any]:
    """Read a case file: a title and so many parts, each ended by a line with a dot."""
    blocks = re.split(r"^\.\n", (CASES / name).read_text("utf-8"), flags=re.MULTILINE)
    for case in zip(*(blocks[n :: parts + 1] for n in range(parts + 1)), strict=False):
        yield pytest.param(*(part.removesuffix("\n") for part in case), id=case[0].strip())


@pytest.fixture(scope="module")
def index() -> sqlite3.Connection:
    """An empty index as the database has it."""
    connection = sqlite3.connect(":memory:")
    statement = re.search(r"create virtual table.*?;", SCHEMA.read_text("utf-8"), re.DOTALL)
    connection.execute(statement[0])  # type: ignore[index]
    return connection


def found(connection: sqlite3.Connection, query: str) -> list[int]:
    sql = "select rowid from articles_fts where articles_fts match ? order by rowid"
    return [row for (row,) in connection.execute(sql, [parse_query(query).match])]


@pytest.mark.parametrize(("title", "text", "queries"), list(cases("matching.txt", 2)))
def test_matching(index: sqlite3.Connection, title: str, text: str, queries: str) -> None:
    """A text is found by every query marked `+` and by none marked `-`."""
    index.execute("begin")
    values = index_text(text), facts(None, None, ())
    index.execute("insert into articles_fts (rowid, body, facts) values (1, ?, ?)", values)
    results = [
        f"{'+' if found(index, line[2:]) else '-'} {line[2:]}" for line in queries.split("\n")
    ]
    index.execute("rollback")
    assert results == queries.split("\n")


@pytest.mark.parametrize(("title", "query", "expression"), list(cases("queries.txt", 2)))
def test_query(index: sqlite3.Connection, title: str, query: str, expression: str) -> None:
    """A query compiles to its expression, FTS5 takes it, and the notes are those in brackets."""
    parsed = parse_query(query)
    assert parsed.match == expression
    notes = [f"{note.code} {note.fragment}" for note in parsed.notes]
    assert sorted(notes) == sorted(re.findall(r"\[(.*?)\]", title))
    found(index, query)


@pytest.mark.parametrize(("title", "query", "text", "html"), list(cases("snippets.txt", 3)))
def test_snippet(title: str, query: str, text: str, html: str) -> None:
    """A short text is shown whole, with its matches marked and nothing else changed."""
    assert snippet(text, query).html == html


def test_snippet_shows_the_densest_passage() -> None:
    """Of a long text the stretch that holds both words is shown, from a sentence's beginning."""
    text = "核战争。" + "别的话。" * 60 + "美俄说，核战争打不赢。" + "别的话。" * 60
    cut = snippet(text, "核战争 打不赢", length=40)
    assert "<mark>核战争打不赢</mark>" in cut.html
    assert cut.text.startswith("…") and cut.text.endswith("…")
    assert len(cut.text) <= 42
    assert "美俄说" in cut.text


def test_snippet_shows_both_words() -> None:
    """Two words that stand far from each other are shown in two windows, in their order."""
    text = (
        "开头。"
        + "别的话。" * 60
        + "，北约东扩，"
        + "别的话。" * 60
        + "核战争打不赢。"
        + "完" * 200
    )
    cut = snippet(text, "核战争 北约", length=60)
    assert [piece for piece, marked in cut.parts if marked] == ["北约", "核战争"]
    assert len(cut.text) <= 66
    stretches = [stretch for stretch in cut.text.split("…") if stretch]
    assert len(stretches) == 2
    assert not any(stretch[0] in "，。" for stretch in stretches)


@pytest.mark.parametrize("word", ["Wi-Fi", "12.5", "3,000", "don't", "internationalization"])
def test_snippet_does_not_cut_words_with_marks(word: str) -> None:
    """A number, a word with a hyphen or an apostrophe is whole or is not there."""
    for length in range(20, 60):
        text = f"北约{f' {word} ' * 40}"
        assert set(snippet(text, "北约", length=length).text.strip("…").split()) <= {"北约", word}


def test_snippet_does_not_cut_latin_words() -> None:
    """The cut moves to the start of a word rather than part it."""
    text = "consectetur adipiscing " * 20 + "needle " + "consectetur adipiscing " * 20
    words = snippet(text, "needle").text.strip("…").split()
    assert set(words) == {"consectetur", "adipiscing", "needle"}


@settings(deadline=None)
@given(words_and_marks, words_and_marks)
def test_snippet_only_cuts_and_marks(text: str, query: str) -> None:
    """Without its marks a snippet's stretches are parts of the text, letter for letter."""
    cut = snippet(text, query, length=10)
    assert all(stretch in text for stretch in cut.text.split("…"))
    assert unescape(re.sub("</?mark>", "", cut.html)) == cut.text


@settings(deadline=None)
@given(words_and_marks, words_and_marks)
def test_marks_stand_on_the_match(before: str, after: str) -> None:
    """Whatever vanishes or grows in folding around a match, the mark begins where it does."""
    cut = snippet(f"{before}\n軟件\n{after}", "软件", length=200)
    marked = [fold(piece) for piece, is_match in cut.parts if is_match]
    assert marked
    assert all(piece.startswith("软件") for piece in marked)


@settings(deadline=None)
@given(st.one_of(st.text(), words_and_marks))
def test_any_query_is_valid(query: str) -> None:
    """Whatever is typed compiles to an expression that FTS5 takes."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "create virtual table articles_fts using fts5"
        "(body, title, summary, author, section, source, feed, tags, facts, content='')"
    )
    found(connection, query)


@pytest.mark.parametrize("file", ["search.jsonl", "blns.json"])
def test_published_vectors(index: sqlite3.Connection, file: str) -> None:
    """Published hostile queries are answered, by themselves and within one form in turn."""
    if not VECTORS.is_dir():
        pytest.skip("the folder of shared vectors does not stand beside the checkout")
    text = (VECTORS / file).read_text("utf-8")
    lines = text.splitlines() if file.endswith("l") else []
    queries = [json.loads(line)["q"] for line in lines] or json.loads(text)
    forms = ("title:{}", 'source:"{}"', "date:{}", "-{}")
    for number, query in enumerate(queries):
        for form in (query, forms[number % 4].format(query)):
            found(index, form)
            snippet(f"核战争 {query} 打不赢", form)


@pytest.mark.parametrize(
    "piece",
    ["核", "核 ", "a-", "(", '"', "a OR ", "-a ", "date:.. ", "a, ", "核，", "NOT ", "*", "a*"],
)
def test_long_queries_are_bounded(index: sqlite3.Connection, piece: str) -> None:
    """A query of ten thousand characters compiles to a bounded expression that FTS5 takes."""
    query = piece * (10_000 // len(piece))
    parsed = parse_query(query)
    assert parsed.match.count(" : ") <= 64
    assert len(parsed.match) < 10_000
    found(index, query)


def test_what_was_cut_off_is_said() -> None:
    """Beyond 32 words the rest is left out, with a note that quotes where."""
    numbers = [f"w{n}" for n in range(40)]
    for query in (" ".join(numbers), "，".join(numbers)):
        notes = parse_query(query).notes
        assert [(note.code, note.fragment[:3]) for note in notes] == [("too-long", "w32")]


@settings(deadline=None)
@given(st.text())
def test_tokens_are_what_the_tokenizer_sees(text: str) -> None:
    """FTS5 splits the prepared text at its spaces and nowhere else."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        """create virtual table f using fts5(x, tokenize="ascii tokenchars '+#%@|'")"""
    )
    connection.execute("create virtual table v using fts5vocab(f, instance)")
    connection.execute("insert into f values (?)", [index_text(text)])
    seen = [term for (term,) in connection.execute("select term from v order by offset")]
    assert seen == index_text(text).split()


def test_facts() -> None:
    """An article without a date, language or feature still has the token of every article."""
    assert facts(None, None, ()) == "all"
    assert facts("2022-01-11T22:12:40", "zh-Hant", ["table", "image"]) == (
        "all d d2 d20 d202 d2022 d202201 d20220111 langzh langzhhant hasimage hastable"
    )


def test_labels_are_whole_values() -> None:
    """A quoted name leaves longer names out; several values do not run into each other."""
    assert index_labels() == ""
    assert index_labels("知乎", "果壳网").endswith("| 知乎 | 果壳 壳网 |")


def test_orders(index: sqlite3.Connection) -> None:
    """Relevance puts a title before a mention; newest puts the latest first; both count alike."""
    index.execute("begin")
    articles = [("核战争", "天气"), ("今天核战争打不赢", "新闻"), ("别的事", "核战争打不赢")]
    for number, (body, title) in enumerate(articles, 1):
        values = number, index_text(body), index_text(title)
        index.execute("insert into articles_fts (rowid, body, title) values (?, ?, ?)", values)
    wanted = {"match": parse_query("核战争").match, "limit": 10, "offset": 0}
    pages = {name: [d for (d,) in index.execute(sql, wanted)] for name, sql in ORDERS.items()}
    total = count(index, wanted["match"])
    index.execute("rollback")
    assert pages == {"relevance": [3, 1, 2], "newest": [3, 2, 1], "oldest": [1, 2, 3]}
    assert total == 3
