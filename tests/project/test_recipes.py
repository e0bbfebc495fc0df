"""docs/recipes.md and docs/search.md: every query runs on the built file and finds some."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, Visitor, unavailable

from clippings.search.functions import register

PAGE = (ROOT / "docs" / "recipes.md").read_text("utf-8")
SEARCHING = (ROOT / "docs" / "search.md").read_text("utf-8")
RECIPES = re.findall(r"^## \d+\. (.*?)\n.*?^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHELL = shutil.which("sqlite3")


def plain(file: Path) -> sqlite3.Connection:
    """A connection as anyone has it who knows nothing of us."""
    conn = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    conn.row_factory = sqlite3.Row
    return conn


def test_there_are_ten() -> None:
    """The page keeps its word, and no query of it escapes these tests."""
    assert len(RECIPES) == 10
    assert PAGE.count("```sql") == 10


@pytest.mark.parametrize(("title", "sql"), RECIPES, ids=[title for title, _ in RECIPES])
def test_recipe(title: str, sql: str, database: Path) -> None:
    """It finds something in seeds/, in Python; the shell, where there is one, finds the same."""
    rows = [dict(row) for row in plain(database).execute(sql)]
    assert rows
    if SHELL is None:
        unavailable("no sqlite3 shell on this machine (apt-get install sqlite3)")
    printed = subprocess.run(
        [str(SHELL), "-init", "/dev/null", "-readonly", "-json", str(database), sql],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(printed) == rows


@pytest.mark.parametrize("sql", re.findall(r"^```sql\n(.*?)^```", SEARCHING, re.M | re.DOTALL))
def test_the_statements_of_search_md(sql: str, database: Path) -> None:
    """Those of docs/search.md run too; the first one has the site's functions."""
    conn = plain(database)
    if "search_query" in sql:
        register(conn)
    assert conn.execute(sql, {"q": "核战争"}).fetchall()


def test_answers_are_those_of_the_site(database: Path, site: Visitor) -> None:
    """What a word, a source and a month find is what the site's own language finds for them."""
    for title, query in (
        ("Which articles hold a word?", "彗星"),
        ("What did one source publish in a month?", 'source:"示例日报" date:2022-01'),
    ):
        there = [row["title"] for row in plain(database).execute(dict(RECIPES)[title])]
        sql = """select articles.title from articles_fts join articles on docid = articles_fts.rowid
                 where articles_fts match search_query(:query)"""
        assert sorted(there) == sorted(row["title"] for row in site.rows(sql, query=query)) != []


def test_the_shares_are_those_of_trends(database: Path, site: Visitor) -> None:
    """Month by month, rounded alike."""
    rows = plain(database).execute(dict(RECIPES)["How often, over time?"])
    there = [(row["month"], row["articles"], row["percent"]) for row in rows]
    parameters = {"q": "彗星", "by": "month", "measure": "share"}
    _, *lines = site.get("/trends.csv", params=parameters).text.splitlines()
    table = [line.split(",") for line in lines]
    assert there == [
        (month, int(articles), round(float(share), 1)) for month, articles, share in table
    ]
