"""Examples of what can be asked: they come from the archive, and find something in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from conftest import Visitor

from clippings.site.examples import rank


def test_each_tip_finds_something(site: Visitor) -> None:
    """Every example of the search page leads to articles of this archive."""
    page = site.page("/search")
    links = page.xpath("//dl[@class='language']//a/@href")
    assert len(links) >= 9
    for link in links:
        (query,) = parse_qs(urlsplit(link).query)["q"]
        assert site.page("/search", params={"q": query}).xpath("//main//article"), query


def test_examples_are_those_of_the_archive(
    serve: Callable[..., Visitor], tmp_path: Path, bare_site: Visitor
) -> None:
    """Another archive has other examples, and one of a single letter has none."""
    for number, word in enumerate(("铁路", "铁路", "河流")):
        (tmp_path / f"{number}.md").write_text(f"---\ntitle: {word}：{number}\n---\n\n正文")
    site = serve(tmp_path)
    assert site.page("/trends").xpath("string(//input[@name='q'][@data-search]/@placeholder)")
    assert "铁路, 河流" in site.page("/trends").xpath("//main//a/text()")
    assert "铁路" in site.page("/clippings/mentions_by_month").xpath("//p[@class='hints']/a/text()")
    assert not bare_site.page("/search").xpath("//dl[@class='language']//a[contains(., 'title:')]")


def test_words_stand_alone_in_titles() -> None:
    """Words are cut at marks, spaces and particles; long ones in many titles come first."""
    titles = ["江城二桥：今晨合龙", "为什么是江城二桥", "Using the Swift language", "日 月"]
    assert rank(titles)[0] == "江城二桥"
    assert {"今晨合龙", "Using", "Swift"} <= {*rank(titles)}
    assert rank(["12 34", ""]) == []
