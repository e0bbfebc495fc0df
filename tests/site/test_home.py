"""The home page, and what is new in the edition that is served."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import Visitor, text_of

from clippings.build import draft
from clippings.build.executors import mapper
from clippings.build.pipeline import build

ENGLISH = {"accept-language": "en"}


def test_home_shows_what_there_is(site: Visitor) -> None:
    """Home says how much there is, and leads to the newest, to each section and each day."""
    page = site.page("/?_lang=zh-Hans")
    (count,) = site.rows("select count(*) as n from articles")
    assert f"{count['n']} 篇文章" in page.xpath("string(//p[@class='lead'])")
    newest = site.rows("select title from articles order by docid desc limit 10")
    assert text_of(page, "//article//h3") == [row["title"] for row in newest]
    assert f"http://localhost/section/{quote('新媒体')}" in page.xpath("//a/@href")
    assert "http://localhost/day/2022-01-11" in page.xpath("//figure[@class='bars']//@href")
    assert page.xpath("//main//form/@action") == ["http://localhost/search"]
    for name in ("@name='description'", "@property='og:description'"):
        assert page.xpath(f"//meta[{name}]/@content") == text_of(page, "//h1")


def write(folder: Path, name: str, title: str) -> None:
    """An article of its own text."""
    head = f"---\ntitle: '{title}'\ndate: 2022-01-11\ncategories: [世界, 联合早报]\n---\n"
    (folder / f"{name}.md").write_text(f"{head}{name}：{title}。\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three articles."""
    for name in "abc":
        write(tmp_path, name, f"文章{name}")
    return tmp_path


def again(site: Visitor, folder: Path) -> None:
    """Build the database that is served once more."""
    target = Path(site.datasette.get_database("clippings").path)
    build((folder,), target, mapper(1), 1.0, lambda done, total: None)


def titles(site: Visitor, heading: str) -> list[str]:
    """The titles below a heading of /changes."""
    sections = site.page("/changes", headers=ENGLISH).xpath("//section[h2]")
    return [
        title
        for section in sections
        if section.xpath("h2")[0].text.strip() == heading
        for title in section.xpath(".//h3/a/text()")
    ]


def test_a_first_edition_is_all_new(serve: Callable[..., Visitor], folder: Path) -> None:
    """And is not listed: that would be the archive."""
    shown = serve(folder).page("/changes", headers=ENGLISH)
    assert "first edition" in shown.text_content()
    assert not shown.xpath("//h2")


def test_changes_of_the_edition_that_is_served(serve: Callable[..., Visitor], folder: Path) -> None:
    """New and changed articles by title; of removed ones the number, and no title: they may have
    been taken out at somebody's wish."""
    site = serve(folder)
    write(folder, "d", "新的<b>一篇</b>")
    write(folder, "a", "改过的")
    (folder / "c.md").unlink()
    again(site, folder)
    assert 'href="/changes"' in site.get("/").text
    assert titles(site, "New") == ["新的<b>一篇</b>"]
    assert titles(site, "Changed") == ["改过的"]
    shown = site.page("/changes", headers=ENGLISH).text_content()
    assert "Removed 1 article" in " ".join(shown.split()) and "文章c" not in shown
    again(site, folder)  # nothing has changed: the last edition is still what it was
    assert titles(site, "Changed") == ["改过的"]


def test_an_edition_without_changes(serve: Callable[..., Visitor], folder: Path) -> None:
    """Says so, and the home page does not lead there."""
    site = serve(folder)
    write(folder, "a", "改过的")
    again(site, folder)
    beside = Path(site.datasette.get_database("clippings").path).with_name("inspect-data.json")
    told = json.loads(beside.read_text())
    told["clippings"]["changes"]["changed"] = {"count": 0, "ids": []}
    beside.write_text(json.dumps(told))
    assert "Nothing has changed" in site.page("/changes", headers=ENGLISH).text_content()
    assert 'href="/changes"' not in site.get("/").text


def test_many_changes_are_counted(
    serve: Callable[..., Visitor], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more articles changed than are named, the page says how many more."""
    monkeypatch.setattr(draft, "MOST_TOLD", 2)
    site = serve(folder)
    for name in "xyz":
        write(folder, name, f"新{name}")
    again(site, folder)
    assert len(titles(site, "New")) == 2
    assert "and 1 more article" in site.page("/changes", headers=ENGLISH).text_content()


def test_nothing_is_said_of_another_edition(serve: Callable[..., Visitor], folder: Path) -> None:
    """What the build told of another file, or told nobody, is not shown; nor is it kept."""
    site = serve(folder)
    beside = Path(site.datasette.get_database("clippings").path).with_name("inspect-data.json")
    told = json.loads(beside.read_text())
    beside.write_text(json.dumps({"clippings": told["clippings"] | {"hash": "0"}}))
    assert "Nothing is known" in site.page("/changes", headers=ENGLISH).text_content()
    beside.unlink()
    answer = site.get("/changes", headers=ENGLISH)
    assert "Nothing is known" in answer.text and answer.headers["cache-control"] == "no-cache"
