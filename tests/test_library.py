"""`clippings.open`: the site's language and figures as rows and frames, and nothing is written."""

from __future__ import annotations

import doctest
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import ROOT, Visitor, text_of

import clippings
import clippings.library
from clippings import load_ipython_extension
from clippings.library import Archive
from clippings.models import OpenError
from clippings.search.query import Note
from clippings.site.i18n import translator

QUERIES = ("彗星", "江城二桥 合龙 date:2022-01", "has:table", 'source:"样例科技"', "nosuchword")


@pytest.fixture
def archive(database: Path) -> Iterator[Archive]:
    """The same, open, answering with plain rows."""
    with clippings.open(database, frames=False) as opened:
        yield opened


@pytest.mark.parametrize("module", [clippings, clippings.library])
def test_examples(module: ModuleType, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of the docstrings give what they say, beside a database of seeds/."""
    monkeypatch.chdir(database.parent)
    with clippings.open("clippings.db", frames=False) as archive:
        known = {"clippings": clippings, "archive": archive}
        done = doctest.testmod(module, extraglobs=known, optionflags=doctest.ELLIPSIS)
    assert done.attempted > 0
    assert done.failed == 0


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("order", ["", "newest"])
def test_search_finds_what_the_page_shows(
    query: str, order: str, archive: Archive, site: Visitor
) -> None:
    """The same articles in the same order as the first page of /search, asked or unasked."""
    page = site.page("/search", params={"q": query, "sort": order})
    links = page.xpath("//*[@class='search-results']//*[@class='card-title']/a/@href")
    found = archive.search(query, order=order)
    assert [str(row["id"]) for row in found] == [
        urlsplit(link).path.rpartition("/")[2] for link in links
    ]


def test_an_unknown_order_is_said(archive: Archive) -> None:
    """The message names the orders that there are."""
    with pytest.raises(ValueError, match=r"order is one of relevance, newest.*, not 'longest'"):
        archive.search("彗星", order="longest")


def test_what_an_archive_is_called(database: Path) -> None:
    """Its repr says how much there is, from when to when, and where; closed, that it is closed."""
    with clippings.open(database, frames=False) as archive:
        (row,) = archive.sql("select count(*) as n, max(day) as last from articles")
        said = repr(archive)
    assert f"{row['n']} articles" in said and row["last"] in said and str(database) in said
    assert repr(archive) == "<Archive, closed>"


def test_search_without_a_query(archive: Archive) -> None:
    """Without a query the newest articles are given."""
    assert [row["id"] for row in archive.search("", limit=3)] == [
        row["id"] for row in archive.articles()[:3]
    ]
    assert [row["passage"] for row in archive.search("", limit=3)]


def test_articles_are_all_of_them(archive: Archive, site: Visitor) -> None:
    """Without a query every article is there, the newest first; with `text` its Markdown too."""
    rows = archive.articles(text=True)
    sql = "select id, markdown from articles order by docid desc"
    assert [(row["id"], row["markdown"]) for row in rows] == [
        tuple(row.values()) for row in site.rows(sql)
    ]
    assert "markdown" not in archive.articles()[0]


def test_trends_are_those_of_the_file(archive: Archive, site: Visitor) -> None:
    """Each number is that of /trends.csv; a term named like a column gets its quotation marks."""
    for by, measure in (("day", "count"), ("month", "share"), ("year", "count")):
        rows = archive.trends(["彗星", "江城二桥"], by=by, measure=measure)
        parameters = {"q": "彗星,江城二桥", "by": by, "measure": measure}
        head, *lines = site.get("/trends.csv", params=parameters).text.splitlines()
        assert head.split(",") == list(rows[0])
        assert [line.split(",") for line in lines] == [
            [str(value) for value in row.values()] for row in rows
        ]
    assert list(archive.trends(["month", "articles"])[0]) == [
        "month",
        "articles",
        '"month"',
        '"articles"',
    ]
    with pytest.raises(ValueError, match="by is one of day, month, year, not 'week'"):
        archive.trends(["彗星"], by="week")


def test_sql_knows_the_language(archive: Archive) -> None:
    """search_query and search_snippet are there; parameters are bound by place or by name."""
    sql = """select search_snippet(markdown, :q) as passage from articles_fts
             join articles on docid = articles_fts.rowid
             where articles_fts match search_query(:q)"""
    assert all(
        "<mark>彗星</mark>" in row["passage"] for row in archive.sql(sql, {"q": "title:彗星"})
    )
    assert archive.sql("select ? + ? as sum", [1, 2]) == [{"sum": 3}]
    with pytest.raises(ValueError, match="two columns are called 'id'"):
        archive.sql("select a.id, b.id from articles a, articles b")


@pytest.mark.parametrize(
    "statement", ["delete from articles", "create table mine (x)", "drop table links", "vacuum"]
)
def test_nothing_is_written(statement: str, archive: Archive, database: Path) -> None:
    """The connection only reads."""
    before = database.read_bytes()
    with pytest.raises(sqlite3.OperationalError, match=r"readonly|read-only|VACUUM"):
        archive.sql(statement)
    assert database.read_bytes() == before


def test_frames_hold_the_rows(database: Path, archive: Archive) -> None:
    """With pandas installed the answers are DataFrames of the same rows, unless told otherwise."""
    pandas = pytest.importorskip("pandas")
    with clippings.open(database) as framed:
        frame = framed.trends(["彗星"])
        assert isinstance(frame, pandas.DataFrame)
        assert frame.to_dict("records") == archive.trends(["彗星"])
        assert [*framed.search("nosuchword").columns][-1] == "passage"


def test_without_pandas_there_are_rows(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pandas is missing the answers are rows; who insists on frames is told what to do."""
    monkeypatch.setattr(clippings.library, "find_spec", lambda name: None)
    with clippings.open(database) as plain:
        assert isinstance(plain.search("彗星"), list)
    with pytest.raises(OpenError, match="pip install pandas"):
        clippings.open(database, frames=True)


def test_importing_is_light() -> None:
    """`import clippings` brings neither the site, the build, nor pandas with it."""
    code = "import clippings, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {
        "datasette",
        "pandas",
        "turbohtml",
        "sqlite3",
        "clippings.library",
        "clippings.build.pipeline",
    }
    assert not heavy & set(done.stdout.split())


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    """A missing file, a file of another kind and a database of others are told apart."""
    with pytest.raises(OpenError, match="there is no such file"):
        clippings.open(tmp_path / "nosuch.db")
    (tmp_path / "text.db").write_text("x" * 5000)
    with pytest.raises(OpenError, match="not a database of Clippings"):
        clippings.open(tmp_path / "text.db")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("create table articles (id)")
    other.close()
    with pytest.raises(OpenError, match="no such table"):
        clippings.open(tmp_path / "other.db")


def test_what_was_not_understood_is_said(archive: Archive) -> None:
    """A query's notes are warnings, and there are words for every kind of note."""
    with pytest.warns(UserWarning, match="Not a date; searched as words: date:2022-02-30"):
        archive.search("date:2022-02-30")
    kinds = Note.__doc__ or ""
    named = kinds.partition("one of")[2].partition(";")[0]
    codes = {code.strip() for code in named.replace("\n", " ").split(",")}
    said = {name for name in translator("en").strings if name.startswith("search.note.")}
    assert said == {f"search.note.{code}" for code in codes}


def test_the_magic_asks_for_an_archive(archive: Archive) -> None:
    """`%%sql` runs in the archive that it names, with the notebook's variables; any other name
    is told."""
    magics: dict[str, Any] = {}
    names = {"mine": archive, "other": 3, "day": "2022-01-11"}
    ipython = SimpleNamespace(
        user_ns=names, register_magic_function=lambda magic, kind: magics.update({kind: magic})
    )
    load_ipython_extension(ipython)
    assert magics["cell"](" mine ", "select :day as day") == [{"day": "2022-01-11"}]
    for name in ("other", "nosuch", ""):
        with pytest.raises(OpenError, match="name an archive"):
            magics["cell"](name, "select 1")


def test_words_in_context(archive: Archive, site: Visitor) -> None:
    """The lines of the page, with as much around the word as is asked for."""
    lines = archive.concordance("彗星", width=3, order="right")
    page = site.page("/concordance?q=彗星&sort=right").xpath("//ol[@class='concordance']/li")
    assert len(lines) == len(page)
    assert max(len(line["right"]) for line in lines) == 3
    with pytest.raises(ValueError, match="order is one of"):
        archive.concordance("彗星", order="oldest")


def test_collocates_and_key_words(archive: Archive, site: Visitor) -> None:
    """The words and figures of the pages, as rows; each leads to lines."""
    rows = archive.collocates("雪")
    page = site.page("/collocates?q=雪")
    assert [row["word"] for row in rows] == text_of(page, "//tbody//th")
    for link in page.xpath("//tbody//th/a/@href"):
        assert site.page(link.removeprefix("http://localhost")).xpath(
            "//ol[@class='concordance']/li"
        )
    rows = archive.keywords("lang:en", "lang:zh", limit=4)
    assert [row["side"] for row in rows] == ["lang:en"] * 4 + ["lang:zh"] * 4
    page = site.page("/keyness?a=lang:en&b=lang:zh")
    first, second = page.xpath("//section[.//table]")
    assert text_of(first, ".//tbody//th")[:4] == [row["word"] for row in rows[:4]]
    counted = text_of(second, ".//tbody/tr[1]/td[1]")[0]
    link = second.xpath(".//tbody/tr[1]/th/a/@href")[0]
    lines = site.page(link.removeprefix("http://localhost"))
    assert text_of(lines, "//p[@class='found']")[0].startswith(f"{counted} 处")
    assert site.page("/keyness?a=，&b=date:2022").xpath("//p[@class='note']")
    assert site.page("/collocates").xpath("//form")
