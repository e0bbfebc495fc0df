"""Browsing by name and by date, and the ways in."""

from __future__ import annotations

import re
import sqlite3
from urllib.parse import quote, urlsplit

import pytest
from conftest import Visitor, text_of

from clippings.site.listings import MEMBERS, Listing, listing, read_page


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/source/示例日报", "示例日报"),
        ("/source/" + quote("示例日报"), "示例日报"),
        ("/tag/" + quote("彗星"), "彗星"),
        ("/day/2022-01-11?_lang=zh-Hans", "2022年1月11日"),
        ("/month/2022-01?_lang=zh-Hans", "2022年1月"),
        ("/year/2022?_lang=en", "2022"),
        ("/month/2022-01?_lang=en", "January 2022"),
    ],
)
def test_browse_page(site: Visitor, path: str, title: str) -> None:
    """A browse page has its name, also when the address has it plain, and the count it says."""
    page = site.page(path)
    assert text_of(page, "//h1") == [title]
    said = int(re.search(r"\d+", page.xpath("string(//p[@class='lead'])")).group())
    assert said == len(page.xpath("//article")) or page.xpath("//a[@rel='next']")


@pytest.mark.parametrize(
    "path", ["/day/2022-02-30", "/day/2022-01", "/month/2022-13", "/year/0000", "/source/none"]
)
def test_browse_page_of_nothing(site: Visitor, path: str) -> None:
    """What is no date, and what nothing stands on, is not found; nothing breaks."""
    site.page(path, status=404)


@pytest.mark.parametrize("path", ["/区", "/区/x", "/clippings/区", "/source/区/x", "/a%20b"])
def test_unknown_address_in_chinese(site: Visitor, path: str) -> None:
    """An address that nobody knows is not found at once, also when it is percent-encoded."""
    page = site.page(quote(path, safe="/%") + "?_lang=zh-Hans", status=404)
    assert page.xpath("string(//h1)") == "这里没有这一页"
    assert not page.xpath("//link[@rel='canonical']")
    asked_by_program = site.get(quote(path, safe="/%") + ".json")
    assert (asked_by_program.status_code, asked_by_program.json()["ok"]) == (404, False)


def test_slash_too_many_is_forgiven(site: Visitor) -> None:
    """An address with a slash at its end leads to the one without, Chinese names too."""
    address = f"/source/{quote('示例日报')}"
    for path in ("/archive", address):
        assert site.get(f"{path}/").headers["location"] == path


def test_empty_day_leads_on(site: Visitor) -> None:
    """A day without articles says so, and leads to the nearest ones that have some."""
    page = site.page("/day/2022-01-13?_lang=zh-Hans", status=404)
    assert page.xpath("string(//p[@class='lead'])") == "这段时间没有文章，离它最近的是："
    assert page.xpath("//nav[@class='turn']//a")


def test_sources_can_be_subscribed_to(site: Visitor) -> None:
    """The page of all names leads to the feeds of the archive and the list of all of them."""
    links = site.page("/sources").xpath("//p[@class='lead']/a/@href")
    assert [urlsplit(link).path for link in links] == ["/feed.atom", "/feed.json", "/sources.opml"]
    for link in links:
        assert site.get(urlsplit(link).path).status_code == 200


def test_about_gives_account(site: Visitor) -> None:
    """The page about the archive has the numbers of the build, and every way that it names."""
    page = site.page("/about")
    (files,) = site.rows("select count from accounting where name = 'files_found'")
    assert text_of(page, "//table//td")[0] == str(files["count"])
    for link in page.xpath("//p[@class='ways']/a/@href"):
        assert site.get(urlsplit(link).path).status_code == 200, link


def test_days_lead_to_their_neighbours(site: Visitor) -> None:
    """From a day one goes to the day with articles before and after it, and up to its month."""
    links = site.page("/day/2022-01-11").xpath("//main//a/@href")
    for path in ("/day/2022-01-05", "/day/2022-01-12", "/month/2022-01", "/year/2022"):
        assert f"http://localhost{path}" in links


def _listings(conn: sqlite3.Connection) -> list[Listing]:
    names = {
        kind: f"select distinct {kind} from articles where {kind} is not null"
        for kind in ("section", "source", "feed")
    }
    names["tag"] = "select distinct tag from tags"
    found = [Listing(kind, row[0]) for kind, sql in names.items() for row in conn.execute(sql)]
    days = [row[0] for row in conn.execute("select distinct day from articles where day > ''")]
    for kind, width in (("year", 4), ("month", 7), ("day", 10)):
        found += filter(None, (listing(kind, name) for name in {day[:width] for day in days}))
    return [*found, Listing("undated", ""), Listing("all", "")]


@pytest.mark.parametrize("size", [1, 2, 5, 50])
def test_turning_pages_meets_every_article_once(site: Visitor, size: int) -> None:
    """To the oldest and back again, each listing shows each of its articles once, in order."""
    conn = sqlite3.connect(site.datasette.get_database("clippings").path)
    conn.row_factory = sqlite3.Row
    kinds = set()
    for of in _listings(conn):
        there = [read_page(conn, of, size=size)]
        while there[-1].older:
            there.append(read_page(conn, of, before=there[-1].older, size=size))
        back = [there[-1]]
        while back[-1].newer:
            back.append(read_page(conn, of, after=back[-1].newer, size=size))
        down = [row["docid"] for page in there for row in page.rows]
        up = [row["docid"] for page in reversed(back) for row in page.rows]
        assert down == up == sorted(set(down), reverse=True), of
        kinds.add(of.kind)
    assert kinds == set(MEMBERS)
