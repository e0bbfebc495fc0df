"""Search finds exactly what LIKE finds: on real text, after edits, and without our code."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import index_labels, index_text

from clippings.markdown.rendering import plain_text
from clippings.search.folding import CJK, SIGNS, SYMBOLS, fold, folding_table
from clippings.search.query import parse_query

PROJECT = Path(__file__).parents[2]
CORPUS = PROJECT / ".." / "shared" / "corpus"
SAMPLE = "核战争打不赢也打不得。北约，软件与網絡；茶"
COLUMNS = ("body", "title", "source", "facts")


def texts(folder: Path, limit: int) -> list[str]:
    """The words of the files in a folder, each block on its line."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = random.Random(4).sample(files, min(limit, len(files)))
    raw = (path.read_text("utf-8", errors="replace") for path in chosen)
    return [plain_text(re.sub("<[^>]*>", "\n", text)) for text in raw]


def archive(bodies: list[str]) -> sqlite3.Connection:
    """A database as the build makes it, as far as searching plain SQL needs it."""
    connection = sqlite3.connect(":memory:")
    schema = (PROJECT / "clippings" / "database" / "schema.sql").read_text("utf-8")
    for name in ("create table folding", "create virtual table articles_fts"):
        connection.execute(re.search(rf"{name}.*?;\n", schema, re.DOTALL)[0])  # type: ignore[index]
    connection.executemany("insert into folding values (?, ?)", folding_table())
    connection.execute("create table articles (docid integer primary key, body, folded)")
    table = str.maketrans(dict(folding_table()))
    for docid, body in enumerate(bodies, 1):
        values = docid, body, body.translate(table)
        connection.execute("insert into articles values (?, ?, ?)", values)
        add(connection, docid, body)
    return connection


def add(connection: sqlite3.Connection, docid: int, body: str) -> None:
    sql = "insert into articles_fts (rowid, body, source, facts) values (?, ?, ?, 'all')"
    connection.execute(sql, (docid, index_text(body), index_labels("例")))


def rows(connection: sqlite3.Connection, sql: str, value: str) -> list[int]:
    return sorted(row for (row,) in connection.execute(sql, [value]))


def by_index(connection: sqlite3.Connection, query: str) -> list[int]:
    sql = "select rowid from articles_fts where articles_fts match ?"
    return rows(connection, sql, parse_query(query).match)


def substrings(bodies: list[str], count: int) -> Iterator[str]:
    """Draw substrings of 1, 2, 3, 4, 6 and 10 CJK characters from anywhere in the texts."""
    rng = random.Random(4)
    runs = [run for body in bodies for run in re.findall(f"[{CJK}]+", body)]
    for number in range(count):
        length = (1, 2, 3, 4, 6, 10)[number % 6]
        run = rng.choice([run for run in runs if len(run) >= length])
        start = rng.randrange(len(run) - length + 1)
        yield run[start : start + length]


def check_against_like(bodies: list[str], count: int) -> None:
    connection = archive(bodies)
    table = str.maketrans(dict(folding_table()))
    like = "select docid from articles where folded like '%' || ? || '%'"
    for query in substrings(bodies, count):
        truth = rows(connection, like, query.translate(table))
        assert truth, query
        assert by_index(connection, f'"{query}"') == truth, query
        if not parse_query(query).notes:  # of other words that are looked for too
            assert by_index(connection, query) == truth, query


def test_recall_and_precision_on_the_seeds() -> None:
    """Every substring of the project's own articles finds what folded LIKE finds, no more."""
    check_against_like(texts(PROJECT / "seeds", 100), 240)


def test_recall_and_precision_on_real_articles() -> None:
    """The same on articles in several scripts, Traditional and Simplified, and on their code."""
    if not CORPUS.is_dir():
        pytest.skip("the folder of real articles does not stand beside the checkout")
    check_against_like(texts(CORPUS, 200), 300)


def titles(folder: Path) -> list[str]:
    """The titles that the front matter of the files in a folder gives."""
    files = sorted(path for path in folder.rglob("*.md") if path.is_file())
    heads = (path.read_text("utf-8", errors="replace")[:2000] for path in files)
    found = (re.search(r"^title: *(\S.*)$", head, re.MULTILINE) for head in heads)
    return [title[1].strip("'") for title in found if title and index_text(title[1])]


def check_titles(found: list[str]) -> None:
    connection = archive([])
    for docid, title in enumerate(found, 1):
        sql = "insert into articles_fts (rowid, title, facts) values (?, ?, 'all')"
        connection.execute(sql, (docid, index_text(title)))
    for docid, title in enumerate(found, 1):
        assert docid in by_index(connection, title), title


def test_a_pasted_title_finds_its_article() -> None:
    """Colons, dashes and options of commands in a title are no field and no exclusion."""
    pasted = (
        "LatinWord：中文|git rebase -i|用 rm -rf 删除|《刀剑 －虚空幻界－ 版》|Story -Golf Tale-"
    )
    check_titles(pasted.split("|"))


def test_every_pasted_title_finds_its_article() -> None:
    """The same for every third title of the real articles."""
    if not CORPUS.is_dir():
        pytest.skip("the folder of real articles does not stand beside the checkout")
    check_titles(titles(CORPUS)[::3])


CHINESE, DIGIT, LETTER = f"[{CJK}]", "[0-9]", f"[^{CJK}0-9\\W_]"


def kind(piece: str) -> str:
    return next(each for each in (CHINESE, DIGIT, LETTER) if re.match(each, piece))


def pieces_of(query: str) -> list[str]:
    """Its runs of one script."""
    return re.findall(f"{CHINESE}+|{DIGIT}+|{LETTER}+", query)


def rule(query: str) -> str:
    """What a word of several scripts should match, as a regular expression over folded text.

    Letters and digits match whole; between them any marks may stand but those that are words
    (`+`, `#`, `%`, `@` and signs). Where they touch Chinese nothing but one space may.
    """
    pieces = pieces_of(query)
    pattern = ""
    for piece, after in zip(pieces, [*pieces[1:], ""], strict=True):
        own = kind(piece)
        pattern += piece if own == CHINESE else f"(?<!{own}){piece}(?!{own})"
        if after:
            pattern += " ?" if CHINESE in (own, kind(after)) else f"(?:[^\\w{SYMBOLS}{SIGNS}]|_)*"
    return pattern


def check_mixed(bodies: list[str], count: int) -> None:
    connection = archive(bodies)
    invisible = {character: "" for character in set("".join(bodies)) if not fold(character)}
    table = str.maketrans({**dict(folding_table()), **invisible})
    folded = [body.translate(table) for body in bodies]
    word = f"(?:{DIGIT}|{LETTER})+"
    mixed = re.compile(f"{CHINESE}{{0,3}}{word}(?:[-.'/_]?{word})*{CHINESE}{{0,3}}")
    queries = [match[0] for body in folded for match in mixed.finditer(body)]
    for query in random.Random(4).sample(queries, min(count, len(queries))):
        wanted = re.compile(rule(query))
        pieces = pieces_of(query)
        truth = [
            docid
            for docid, body in enumerate(folded, 1)
            if all(piece in body for piece in pieces) and wanted.search(body)  # the first is quick
        ]
        assert truth, query
        assert by_index(connection, f'"{query}"') == truth, query


def test_words_of_several_scripts_on_the_seeds() -> None:
    """Letters, digits and Chinese in one word match by the rule: AI芯片, 12.5万, GPT-4."""
    check_mixed(texts(PROJECT / "seeds", 100), 200)


def test_words_of_several_scripts_on_real_articles() -> None:
    """The same on real articles."""
    if not CORPUS.is_dir():
        pytest.skip("the folder of real articles does not stand beside the checkout")
    check_mixed(texts(CORPUS, 300), 200)


def test_both_scripts_find_the_same() -> None:
    """A query in Traditional characters finds what it finds in Simplified ones."""
    connection = archive(["軟件與網絡", "软件与网络", "軟件，网络", "硬件"])
    for traditional, simplified in (("軟件", "软件"), ("網絡", "网络"), ("軟", "软")):
        assert by_index(connection, traditional) == by_index(connection, simplified) == [1, 2, 3]


def test_deleting_leaves_what_a_rebuild_would() -> None:
    """Articles deleted and changed by their own tokens leave no stale hit behind."""
    bodies = texts(PROJECT / "seeds", 100)
    connection = archive(bodies)
    rng = random.Random(4)
    for docid in rng.sample(range(1, len(bodies) + 1), len(bodies) // 2):
        old = bodies[docid - 1]
        connection.execute(
            "insert into articles_fts (articles_fts, rowid, body, title, summary, author, section,"
            " source, feed, tags, facts) values ('delete', ?, ?, '', '', '', '', ?, '', '', 'all')",
            (docid, index_text(old), index_labels("例")),
        )
        bodies[docid - 1] = old[: len(old) // 2] + "改过的文字" + str(docid)
        add(connection, docid, bodies[docid - 1])
    assert contents(connection) == contents(archive(bodies))


def contents(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    connection.execute("create virtual table temp.v using fts5vocab(main, articles_fts, instance)")
    return connection.execute("select * from temp.v order by term, doc, col, offset").fetchall()


def test_stock_sqlite_checks_and_searches_the_file(tmp_path: Path) -> None:
    """Without our functions a connection checks the index and the recipe of the docs finds."""
    memory = archive([SAMPLE, "天气晴，CAFE", "軟件"])
    memory.commit()
    with sqlite3.connect(tmp_path / "stock.db") as stock:
        memory.backup(stock)
    stock.execute("insert into articles_fts (articles_fts) values ('integrity-check')")
    assert stock.execute("pragma integrity_check").fetchone() == ("ok",)
    page = (PROJECT / "docs" / "search.md").read_text("utf-8")
    recipe = re.search(r"```sql\n(with recursive.*?)```", page, re.DOTALL)[1]  # type: ignore[index]
    for query in ("核战争", "核战", "核", "核戰爭", "茶", "打不赢也打不得"):
        assert [row[0] for row in stock.execute(recipe, {"q": query})] == [1], query
    assert [row[0] for row in stock.execute(recipe, {"q": "软件"})] == [3, 1]
    assert [row[0] for row in stock.execute(recipe, {"q": "Café"})] == [2]
    assert stock.execute(recipe, {"q": "核争"}).fetchall() == []
    stock.close()
