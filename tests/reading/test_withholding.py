"""What the owner keeps out is out of every table and of the index, is counted, and says so."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from conftest import ROOT, Visitor, index_text, process_article
from hypothesis import given
from hypothesis import strategies as st

from build_db import main
from clippings.dataset.owner import parse_archive_file
from clippings.markdown.rendering import plain_text
from clippings.reading.fields import opening
from clippings.reading.identity import path_id
from clippings.reading.withholding import Entry, Withholding, read_withholding, withhold

BEGINNING = "今天的江城下了雪，" * 20
SECRET = "只有全文里才有的一句话：蓝鲸在第三层抽屉。"
ARTICLE = f"""---
title: 标题{{name}}
author: 王某
categories: [新媒体, {{source}}, 头条]
date: 2022-01-11
url: https://{{host}}/a
tags: [雪]
excerpt: '{BEGINNING}{SECRET}'
summary: '{BEGINNING}{SECRET}'
---
<p>{BEGINNING}</p><p>{SECRET}<a href="https://linked.example/x">{SECRET}</a></p>
<figure><img src="https://pictures.example/1.jpg" alt="{SECRET}">
<figcaption>{SECRET}</figcaption></figure>
"""
FILES = {
    "甲/一.md": ARTICLE.format(name="一", source="甲报", host="a.example"),
    "甲/二[1].md": ARTICLE.format(name="二", source="甲报", host="www.b.example"),
    "乙/三.md": ARTICLE.format(name="三", source="乙报", host="news.b.example"),
    "乙/四.md": ARTICLE.format(name="四", source="乙报", host="notb.example"),
    "乙/坏.md": f"\x00\x01\x02{SECRET}",
}


def archive(tmp_path: Path, **settings: Any) -> tuple[Result, sqlite3.Connection]:
    """Build FILES with these settings; the result and the database."""
    source = tmp_path / "articles"
    for path, text in FILES.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(text.encode())
    (source / "archive.yml").write_text(yaml.safe_dump(settings))
    target = tmp_path / "clippings.db"
    words = [str(source), "-o", str(target), "-j", "1", "--max-quarantined", "1"]
    result = CliRunner().invoke(main, words)
    conn = sqlite3.connect(target)
    conn.row_factory = sqlite3.Row
    return result, conn


def paths(conn: sqlite3.Connection) -> set[str]:
    return {row["path"] for row in conn.execute("select path from placements")}


def everything(conn: sqlite3.Connection) -> str:
    """All values of all tables, and all words of the index, in one text."""
    conn.execute("create virtual table temp.words using fts5vocab(main, articles_fts, row)")
    tables = [
        name for (name,) in conn.execute("select name from sqlite_master where type = 'table'")
    ]
    ours = [name for name in tables if "_" not in name and name != "folding"]
    queries = [f"select * from {name}" for name in ours]
    rows = [row for query in (*queries, "select term from words") for row in conn.execute(query)]
    return "\n".join(_text(value) for row in rows for value in row)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


TAKEN = {
    "a path": ({"path": "甲/一.md"}, {"甲/一.md"}),
    "a path with a bracket": ({"path": "甲/二[1].md"}, {"甲/二[1].md"}),
    "a folder": ({"path": "甲/*"}, {"甲/一.md", "甲/二[1].md"}),
    "a quarantined file": ({"path": "乙/坏*"}, {"乙/坏.md"}),
    "a host and its subdomains": ({"host": "B.example"}, {"甲/二[1].md", "乙/三.md"}),
    "a source": ({"source": "乙报"}, {"乙/三.md", "乙/四.md"}),
    "nothing": ({"source": "甲"}, set()),
}


@pytest.mark.parametrize(("entry", "taken"), TAKEN.values(), ids=TAKEN)
def test_an_article_is_taken_out(entry: dict[str, str], taken: set[str], tmp_path: Path) -> None:
    """A path, host or source takes what it names and nothing else; each leaves its number, and
    the files seen are still accounted for."""
    result, conn = archive(tmp_path, withhold=[{**entry, "reason": "因故"}])
    assert result.exit_code == 0, result.output
    quarantined = {row["path"] for row in conn.execute("select path from quarantine")}
    assert paths(conn) | quarantined == set(FILES) - taken
    rows = [tuple(row) for row in conn.execute("select * from withheld")]
    assert rows == sorted((path_id(path), "article", 1, "因故") for path in taken)
    count = dict(conn.execute("select name, count from accounting").fetchall())
    assert count["withheld"] == len(taken)
    assert (
        count["files_seen"] == len(FILES) == count["placements"] + count["quarantined"] + len(taken)
    )
    told = f"{len(taken)} withheld" in result.output
    assert told == bool(taken)
    assert ("took nothing out" in result.stderr) == (not taken)


def test_nothing_of_it_is_left(tmp_path: Path) -> None:
    """Not a word of a file that was taken out is in any table or in the index."""
    words = ("标题一", "一.md", "题一")
    there = everything(archive(tmp_path)[1])
    assert all(word in there for word in words)
    left = everything(archive(tmp_path, withhold=[{"path": "甲/一.md"}])[1])
    assert not [word for word in words if word in left]


@pytest.mark.parametrize(
    "settings",
    [
        {"publish": "snippets"},
        {"withhold": [{"path": "*", "only": "text"}]},
        {
            "withhold": [{"source": s, "only": "text"} for s in ("甲报", "乙报")]
            + [{"path": "*坏*"}]
        },
    ],
)
def test_a_text_is_taken_out(settings: dict[str, Any], tmp_path: Path) -> None:
    """What tells articles apart stays; of the text there is its beginning, in every table and in
    the index, from whose pairs it could be written down again."""
    assert "第三层抽屉" in everything(archive(tmp_path)[1])
    result, conn = archive(tmp_path, **settings)
    assert result.exit_code == 0
    left = everything(conn)
    for piece in ("第三层抽屉", "蓝鲸", "抽屉", "鲸"):
        assert piece not in left
    assert SECRET.encode() not in (tmp_path / "clippings.db").read_bytes()
    rows = conn.execute("select * from articles order by title").fetchall()
    assert {row["title"] for row in rows} == {"标题一", "标题二", "标题三", "标题四"}
    for row in rows:
        assert plain_text(row["markdown"]).strip() == opening(BEGINNING)
        assert row["author"] == "王某"
        assert row["characters"] > len(BEGINNING)
        assert len(json.loads(row["front_matter"])["excerpt"]) <= 141
    links = conn.execute("select distinct url, text from links").fetchall()
    assert [tuple(row) for row in links] == [("https://linked.example/x", "")]
    conn.execute("create virtual table temp.uses using fts5vocab(main, articles_fts, instance)")
    body = conn.execute("select distinct term from temp.uses where col = 'body'").fetchall()
    assert {term for (term,) in body} == set(index_text(opening(BEGINNING)).split())


def test_the_whole_comes_before_the_text(tmp_path: Path) -> None:
    """Of two entries that fit, the one that takes all of the article decides."""
    entries = [{"source": "甲报", "only": "text"}, {"path": "甲/一.md"}]
    _, conn = archive(tmp_path, withhold=entries, publish="snippets")
    rows = conn.execute("select id, what, entry from withheld").fetchall()
    found = {row["id"]: (row["what"], row["entry"]) for row in rows}
    assert found == {
        path_id("甲/一.md"): ("article", 2),
        path_id("甲/二[1].md"): ("text", 1),
        path_id("乙/三.md"): ("text", 0),
        path_id("乙/四.md"): ("text", 0),
        path_id("乙/坏.md"): ("text", 0),
    }


def test_the_same_text_elsewhere_stays(tmp_path: Path) -> None:
    """Whichever of two files with one text comes first, only the one that is named is cut."""
    for cut, whole in (("a.md", "b.md"), ("b.md", "a.md")):
        folder = tmp_path / cut
        folder.mkdir()
        for name in (cut, whole):
            (folder / name).write_text(FILES["甲/一.md"])
        entry = {"path": cut, "only": "text"}
        (folder / "archive.yml").write_text(yaml.safe_dump({"withhold": [entry]}))
        target = folder / "out.db"
        CliRunner().invoke(main, [str(folder), "-o", str(target)])
        sql = "select path, markdown from articles join placements on articles.id = article"
        found = dict(sqlite3.connect(target).execute(sql).fetchall())
        assert SECRET in found[whole]
        assert SECRET not in found[cut]


WRONG = {
    "withhold: {source: a}": "withhold is a list",
    "withhold: [a]": "entry 1: names one of path, host, source",
    "withhold: [{path: a}, {path: a, host: b}]": "entry 2: names one of path, host, source",
    "withhold: [{sorce: a}]": "entry 1: names one of path, host, source",
    "withhold: [{path: a, resaon: b}]": "entry 1: resaon is not known",
    "withhold: [{path: a, only: texts}]": "entry 1: only is text",
    "withhold: [{path: ''}]": "entry 1: path: '' is none",
    "withhold: [{host: 'https://a.example/'}]": "a host is written like example.com",
    "withold: [{path: a}]": "did you mean withhold?",
    "publish: snippet": "publish is one of full, snippets, not 'snippet'",
    "split_categories: never": "split_categories is true or false, not 'never'",
}


@pytest.mark.parametrize(("settings", "message"), WRONG.items())
def test_what_cannot_be_meant_builds_nothing(settings: str, message: str, tmp_path: Path) -> None:
    """A mistake in the list is told, with the file and the entry, and nothing is published."""
    file = tmp_path / "m.yml"
    file.write_text(settings)
    target = tmp_path / "out.db"
    words = [str(ROOT / "seeds"), "-o", str(target), "--archive", str(file)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert str(file) in result.stderr and message in result.stderr
    assert not target.exists()


def test_the_example_of_the_page_is_understood() -> None:
    """docs/withholding.md shows what archive.yml takes."""
    page = (ROOT / "docs" / "withholding.md").read_text("utf-8")
    said = parse_archive_file(page.split("```yaml\n")[1].split("```")[0], "archive.yml")
    kinds = [entry.kind for entry in read_withholding(said, "archive.yml").entries]
    assert kinds == ["path", "path", "host", "source"]
    assert read_withholding({}, "archive.yml") == Withholding()


def test_the_digest_names_the_decision() -> None:
    """Another list, another order of it, or another setting has another digest."""
    one, two = (Entry("source", name, "text", "") for name in "ab")
    decisions = [
        Withholding(),
        Withholding((one,)),
        Withholding((one, two)),
        Withholding((two, one)),
        Withholding((Entry("source", "a", "article", ""),)),
        Withholding((one,), "snippets"),
        Withholding((one,), split_categories=False),
    ]
    assert len({decision.digest for decision in decisions}) == len(decisions)
    assert Withholding((one,)).digest == Withholding((one,)).digest


@given(st.text(max_size=400))
def test_any_text_is_cut_to_its_beginning(text: str) -> None:
    """As Markdown the beginning means itself, whatever marks are in it."""
    outcome = process_article("a.txt", f"---\ntitle: t\n---\n{text}".encode())
    cut = withhold(outcome, Withholding(publish="snippets"))
    if hasattr(cut, "article"):
        shown = plain_text(cut.article.markdown)
        assert " ".join(shown.split()) == opening(plain_text(outcome.article.markdown))


@pytest.fixture(scope="module")
def withheld_site(serve: Callable[..., Visitor], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function that serves FILES as they are after a list."""
    folder = tmp_path_factory.mktemp("withheld")
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(text.encode())
    entries = (
        Entry("path", "甲/一.md", "article", "应要求 · As asked"),
        Entry("path", "甲/二[1].md", "article", ""),
        Entry("source", "乙报", "text", "应出版者要求"),
    )
    return serve(folder, withholding=Withholding(entries), base_url="/prefix/")


def test_the_address_says_gone(withheld_site: Visitor) -> None:
    """410 with the reason in the reader's language, for people and programs, at both addresses;
    what never was there is 404 still."""
    key = path_id("甲/一.md")
    for address in (f"/clippings/articles/{key}", f"/a/{key}"):
        page = withheld_site.page(address + "?_lang=en", 410)
        assert page.xpath("string(//h1)") == "This article was withheld"
        assert "As asked" in page.xpath("string(//main)")
        assert "应要求" not in page.xpath("string(//main)")
    assert "应要求" in withheld_site.page(f"/a/{key}?_lang=zh-Hans", 410).xpath("string(//main)")
    answer = withheld_site.get(f"/clippings/articles/{key}.json")
    assert answer.status_code == 410 and answer.json()["status"] == 410
    unexplained = withheld_site.page(f"/a/{path_id('甲/二[1].md')}?_lang=en", 410)
    assert "The archive's owner keeps it out." in unexplained.xpath("string(//main)")
    assert withheld_site.get("/a/1").status_code == 404
    assert withheld_site.get("/clippings/articles/1").status_code == 404


def test_an_article_without_its_text_says_so(withheld_site: Visitor) -> None:
    """The page shows the beginning, that there is no more of it, why, and where the original is."""
    page = withheld_site.page(f"/clippings/articles/{path_id('乙/三.md')}?_lang=en")
    note = page.xpath("string(//p[@class='note'])")
    assert (
        note.split() == "Only the beginning of this article is published here. 应出版者要求".split()
    )
    assert "抽屉" not in page.text_content()
    assert page.xpath("//a[@href='https://news.b.example/a']")
