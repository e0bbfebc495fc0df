"""The home page."""

from __future__ import annotations

from urllib.parse import quote

from conftest import Visitor, text_of


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
