"""What programs ask a site for: sitemap, robots.txt and llms.txt are true and complete."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import Visitor
from datasette.plugins import pm
from lxml import etree

from clippings.search.query import parse_query

SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def places(site: Visitor, path: str) -> list[str]:
    """The addresses of a sitemap, as paths below the host."""
    tree = etree.fromstring(site.get(path).content)
    found = tree.xpath("//s:loc/text()", namespaces=SITEMAP)
    assert all(each.startswith("http://localhost/") for each in found)
    return [each.removeprefix("http://localhost") for each in found]


def may_fetch(rules: str, path: str) -> bool:
    """What a robots.txt for everyone says of a path (RFC 9309: the longest rule that fits)."""
    verdicts = []
    for verdict, rule in re.findall(r"(?m)^(Allow|Disallow): (\S+)$", rules):
        pattern = re.escape(rule).replace(r"\*", ".*")
        if re.match(pattern, path):
            verdicts.append((len(rule), verdict == "Allow"))
    return max(verdicts, default=(0, True))[1]


@pytest.mark.parametrize("name", ["site", "below"])
def test_sitemap_names_every_article(request: pytest.FixtureRequest, name: str) -> None:
    """By way of its parts, each article stands in it once; every address answers and is allowed."""
    site: Visitor = request.getfixturevalue(name)
    prefix = site.datasette.setting("base_url").rstrip("/")
    rules = site.get("/robots.txt").text
    parts = [part.removeprefix(prefix) for part in places(site, "/sitemap.xml")]
    found = [path for part in parts for path in places(site, part)]
    assert len(found) == len(set(found))
    articles = {row["id"] for row in site.rows("select id from articles")}
    assert {f"{prefix}/clippings/articles/{key}" for key in articles} <= set(found)
    assert f"{prefix}/source/{quote('示例日报')}" in found and f"{prefix}/month/2022-01" in found
    assert all(path.startswith(f"{prefix}/") and may_fetch(rules, path) for path in found)
    for path in found[::8]:
        assert site.get(path.removeprefix(prefix)).status_code == 200, path


def test_sitemap_names_only_parts_with_articles(
    site: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers that are kept free for articles to come leave parts empty: they are not named."""
    monkeypatch.setattr(pm.get_plugin("discovery.py"), "SIZE", 2)
    headers = {"host": "small.example"}  # of which no page is kept
    tree = etree.fromstring(site.get("/sitemap.xml", headers=headers).content)
    _, *parts = tree.xpath("//s:loc/text()", namespaces=SITEMAP)
    docids = [row["docid"] for row in site.rows("select docid from articles")]
    numbers = {(docid - 1) // 2 + 1 for docid in docids}
    assert parts == [f"http://small.example/sitemap-{n}.xml" for n in sorted(numbers)]
    for number in sorted({1, max(numbers), max(numbers) + 1} | {n + 1 for n in numbers}):
        answer = site.get(f"/sitemap-{number}.xml", headers=headers)
        assert answer.status_code == (200 if number in numbers else 404), number


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/archive", True),
        ("/source/%E7%9F%A5%E4%B9%8E", True),
        ("/day/2022-01-11", True),
        ("/month/2022-01?before=12", True),
        ("/clippings/articles/385025375454797", True),
        ("/clippings/articles/385025375454797.md", True),
        ("/trends", True),
        ("/clippings/articles/385025375454797?_lang=en", False),
        ("/clippings/articles", False),
        ("/clippings/articles?_facet=source&_sort=day", False),
        ("/clippings?sql=select+1", False),
        ("/clippings/placements", False),
        ("/clippings.db", False),
        ("/-/versions", False),
        ("/search?q=%E9%9B%AA", False),
        ("/trends?q=%E9%9B%AA", False),
        ("/source/%E7%9F%A5%E4%B9%8E?view=list", False),
        ("/source/%E7%9F%A5%E4%B9%8E?_theme=dark", False),
    ],
)
def test_robots_read_articles_not_permutations(
    site: Visitor, below: Visitor, path: str, allowed: bool
) -> None:
    """Pages to read may be fetched; tables, SQL, searches and views of the same may not."""
    assert may_fetch(site.get("/robots.txt").text, path) == allowed
    assert may_fetch(below.get("/robots.txt").text, f"/below{path}") == allowed


def test_robots_name_the_sitemap(below: Visitor) -> None:
    """Its address is absolute and below the prefix."""
    assert "\nSitemap: http://localhost/below/sitemap.xml\n" in below.get("/robots.txt").text


@pytest.mark.parametrize("name", ["site", "below"])
def test_llms_txt_leads_where_it_says(request: pytest.FixtureRequest, name: str) -> None:
    """Filled in, every address of llms.txt answers; the counts in it are the archive's."""
    site: Visitor = request.getfixturevalue(name)
    prefix = site.datasette.setting("base_url").rstrip("/")
    text = site.get("/llms.txt").text
    (row,) = site.rows("select count(*) as n, max(day) as last, max(id) as id from articles")
    assert text.startswith("# ") and f"{row['n']} articles" in text and row["last"] in text
    filled = {"ID": str(row["id"]), "QUERY": "雪", "TERM,TERM": "雪,雨", "SELECT": "select+1"}
    addresses = re.findall(r"\]\((\S+?)\)", text)
    assert len(addresses) >= 10
    for address in addresses:
        path = address.removeprefix(f"http://localhost{prefix}")
        assert path.startswith("/")
        for word, value in filled.items():
            path = re.sub(rf"\b{word}\b", value, path)
        wanted = 405 if path == "/-/mcp" else 200  # a server of MCP is asked by POST
        assert site.get(path).status_code == wanted, path


def test_llms_txt_explains_queries_that_work(site: Visitor) -> None:
    """Each form of a query that it teaches is one that the search understands."""
    lines = site.get("/llms.txt").text.split("A QUERY holds")[1].split("## ")[0]
    examples = re.findall(r"`([^`]+)`", lines)
    assert len(examples) >= 10
    for example in examples:
        query = example + "x" if example.endswith(":") else example
        assert not parse_query(query).notes, example


def test_hostile_names_are_text(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """Names with markup, quotes and control characters leave OPML and sitemap well formed."""
    text = '---\ncategories: ["<b>&\\"甲", "乙\\x02]]>", "丙"]\n---\n正文'
    (tmp_path / "一.md").write_text(text)
    site = serve(tmp_path)
    (row,) = site.rows("select section from articles")
    tree = etree.fromstring(site.get("/sources.opml").content)
    assert row["section"] in tree.xpath("//outline/@text")
    for path in ("/sitemap.xml", "/sitemap-pages.xml", "/sitemap-1.xml"):
        assert places(site, path)


def test_empty_archive_answers(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """An archive of nothing but what could not be read has a sitemap, no feed, and says so."""
    (tmp_path / "坏.md").write_bytes(b"\x00\x01\x02\xff" * 40)
    site = serve(tmp_path)
    assert not site.rows("select 1 from articles")
    assert site.get("/feed.atom").status_code == 404
    for path in ("/sitemap.xml", "/robots.txt", "/llms.txt", "/sources.opml", "/trends"):
        assert site.get(path).status_code == 200, path
