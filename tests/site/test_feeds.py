"""Feeds: valid for any reader program, whole by walking back, stable, and safe to embed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast
from urllib.parse import quote

import feedparser
import pytest
from conftest import Visitor
from datasette.plugins import pm
from lxml import etree

ATOM = {"a": "http://www.w3.org/2005/Atom", "fh": "http://purl.org/syndication/history/1.0"}
FEEDS = (
    "/feed",
    f"/section/{quote('新媒体')}",
    f"/source/{quote('示例日报')}",
    "/source/示例日报",
    f"/feed/{quote('头条')}",
    f"/tag/{quote('彗星')}",
)
MOMENTS = {
    "2022-01-11T22:12:40+08:00": "2022-01-11T22:12:40+08:00",
    "2022-01-11T22:12:40Z": "2022-01-11T22:12:40+00:00",
    "2022-01-11T22:12:40": "2022-01-11T22:12:40+00:00",
    "2022-01-11T22:12": "2022-01-11T22:12:00+00:00",
    "2022-01-11": "2022-01-11T00:00:00+00:00",
    "": None,
    None: None,
}
HOSTILE = """---
title: "</title>]]><script>alert('x')</script> &amp; \\x01 \\u202e 雪 𠮷"
author: '"><b>某人</b>'
categories: ['<i>栏目</i> & "甲"', '来源/斜线?&#', '']
tags: [package.json, 'a&b']
date: 2022-01-11
url: "javascript:alert(1)"
headimg: '/static/samples/snow.svg'
---
<p onclick="alert(1)">正文<script>alert(2)</script><a href="/a/1">链接</a> ]]></p>
"""


def atom(site: Visitor, path: str, status: int = 200) -> etree._Element:
    """A feed as strict XML; feedparser must find nothing wrong with it either."""
    response = site.get(path)
    assert response.status_code == status, path
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    parsed = feedparser.parse(response.content)
    assert not parsed.bozo, parsed.bozo_exception
    assert parsed.version == "atom10"
    return etree.fromstring(response.content)


def link(feed: etree._Element, rel: str) -> str | None:
    """The path of a link of the feed itself; None where it has none."""
    found = feed.xpath(f"a:link[@rel='{rel}']/@href", namespaces=ATOM)
    return path_of(found[0]) if found else None


def path_of(address: str) -> str:
    """What to ask the site for: an address without its host and prefix."""
    return re.sub(r"^http://localhost(/below)?", "", address)


def ids(feed: etree._Element) -> list[str]:
    return [str(each) for each in feed.xpath("a:entry/a:id/text()", namespaces=ATOM)]


def xml(site: Visitor, path: str) -> etree._Element:
    """A feed as strict XML alone, which takes a fifth of the time."""
    return etree.fromstring(site.get(path).content)


def walk(
    site: Visitor, path: str, read: Callable[[Visitor, str], etree._Element] = xml
) -> Iterator[etree._Element]:
    """A feed and all its archive, the newest first."""
    following: str | None = path
    while following:
        feed = read(site, following)
        yield feed
        following = link(feed, "prev-archive")


@pytest.fixture(scope="module")
def feeds(site: Visitor) -> ModuleType:
    """The plugin, as Datasette has loaded it."""
    return cast(ModuleType, pm.get_plugin("feeds.py"))


@pytest.fixture(scope="module")
def long_site(serve: Callable[..., Visitor], tmp_path_factory: pytest.TempPathFactory) -> Visitor:
    """Three years of articles, 130 in 2021, and some without a date; below a prefix."""
    folder = tmp_path_factory.mktemp("years")
    for number in range(210):
        year = 2020 if number < 30 else 2021 if number < 160 else 2022
        day = f"date: {year}-{number % 12 + 1:02}-{number % 28 + 1:02}\n" if number % 20 else ""
        names = f"categories: [栏目, 来源{number % 2}, 头条]\n"
        text = f"---\ntitle: 第{number}篇\n{names}{day}---\n正文{number}。"
        (folder / f"{number:03}.md").write_text(text)
    return serve(folder, base_url="/below/")


@pytest.mark.parametrize("moment", MOMENTS)
def test_moment_keeps_its_clock(feeds: ModuleType, moment: str | None) -> None:
    """The clock and offset as written; UTC where none is written; nothing made up of nothing."""
    assert feeds.instant(moment) == MOMENTS[moment]


def test_names_survive_a_move(feeds: ModuleType) -> None:
    """Another port, scheme or prefix of the same host gives the same name."""
    name = feeds.tag("http://example.org:8001/feed", "http://example.org:8001/")
    assert name == feeds.tag("https://example.org/below/feed", "https://example.org/below/")
    assert name == "tag:example.org,2022:/feed"


@pytest.mark.parametrize("path", FEEDS)
def test_feed_is_valid(site: Visitor, path: str) -> None:
    """Atom without a complaint and JSON Feed 1.1, of the same articles in the same order."""
    feed = atom(site, f"{path}.atom")
    whole = site.get(f"{path}.json")
    assert whole.headers["content-type"] == "application/feed+json; charset=utf-8"
    twin = whole.json()
    assert twin["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in twin["items"]] == ids(feed) != []
    assert twin["title"] == feed.findtext("a:title", namespaces=ATOM)
    assert all({"id", "url", "content_html", "title"} <= item.keys() for item in twin["items"])
    assert all(value is not None for item in twin["items"] for value in item.values())
    assert path_of(twin["feed_url"]) == link(feed, "self").replace(".atom", ".json")
    assert site.get(link(feed, "self")).status_code == 200


def test_entry_says_what_the_article_says(site: Visitor) -> None:
    """Title, author, moment, names, language, picture and the whole text are there."""
    (row,) = site.rows(
        "select * from articles where source = '观察者网' and image is not null limit 1"
    )
    feed = atom(site, f"/source/{quote('观察者网')}.atom")
    entry = next(
        each
        for each in feed.findall("a:entry", ATOM)
        if each.findtext("a:title", namespaces=ATOM) == row["title"]
    )
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == row["language"]
    assert entry.findtext("a:published", namespaces=ATOM) == row["published"]
    assert entry.findtext("a:updated", namespaces=ATOM) == row["updated"] or row["published"]
    terms = entry.xpath("a:category/@term", namespaces=ATOM)
    assert {row["section"], row["source"], row["feed"]} <= set(terms)
    assert entry.xpath("a:link[@rel='enclosure']/@href", namespaces=ATOM) == [row["image"]]
    text = html.unescape(re.sub("<[^>]*>", "", entry.findtext("a:content", namespaces=ATOM)))
    assert "核战争" in text and len("".join(text.split())) >= 0.9 * row["characters"]


@pytest.mark.parametrize("path", ["/feed", "/source/来源1", f"/search?q={quote('正文')}"])
def test_walking_back_reaches_every_article(long_site: Visitor, path: str) -> None:
    """From the newest feed, prev-archive and next_url lead to every article, each part complete."""
    base, _, query = path.partition("?")
    of_source = " where source = '来源1'" if base.startswith("/source") else ""
    (total,) = long_site.rows(f"select count(*) as n from articles{of_source}")
    newest, *parts = walk(long_site, f"{base}.atom?{query}", atom)
    found = {each for feed in (newest, *parts) for each in ids(feed)}
    assert len(found) == total["n"] > 50
    assert not newest.findall("fh:archive", ATOM) and len(ids(newest)) == 50
    assert all(len(part.findall("fh:archive", ATOM)) == 1 for part in parts)
    assert {link(part, "current") for part in parts} == {link(newest, "self")}
    following, items = f"{base}.json?{query}", set()
    while following:
        twin = long_site.get(path_of(following)).json()
        items |= {item["id"] for item in twin["items"]}
        following = twin.get("next_url")
    assert items == found


def test_real_articles_make_valid_feeds(corpus_site: Visitor) -> None:
    """Whatever real feeds put into titles and bodies, Atom of it is well formed and whole."""
    found = [each for feed in walk(corpus_site, "/feed.atom") for each in ids(feed)]
    (total,) = corpus_site.rows("select count(*) as n from articles")
    assert len(set(found)) == total["n"]


def test_addresses_stand_below_the_prefix(long_site: Visitor) -> None:
    """Every address of a feed is absolute and below base_url."""
    feed = atom(long_site, "/feed.atom")
    addresses = feed.xpath("//a:link/@href", namespaces=ATOM)
    assert addresses and all(each.startswith("http://localhost/below/") for each in addresses)


@pytest.fixture(scope="module")
def hostile_site(
    serve: Callable[..., Visitor], tmp_path_factory: pytest.TempPathFactory
) -> Visitor:
    """One article that tries to break out of everything."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "一.md").write_text(HOSTILE)
    (folder / "二.md").write_text("---\ntitle: 空的\n---\n")
    return serve(folder)


def test_hostile_article_stays_inside(hostile_site: Visitor) -> None:
    """Markup in a title is text, control characters are gone, scripts and odd schemes too."""
    (row,) = hostile_site.rows("select title, author from articles where author is not null")
    feed = atom(hostile_site, "/feed.atom")
    entry = feed.find("a:entry", ATOM)
    assert entry.findtext("a:title", namespaces=ATOM) == row["title"].replace("\x01", "")
    assert entry.findtext("a:author/a:name", namespaces=ATOM) == row["author"]
    content = entry.findtext("a:content", namespaces=ATOM)
    assert "正文" in content and "<script" not in content and "onclick" not in content
    assert 'href="http://localhost/a/1"' in content
    assert not entry.xpath("a:link[@rel='via']", namespaces=ATOM)
    assert entry.xpath("a:link[@rel='enclosure']/@href", namespaces=ATOM) == [
        "http://localhost/static/samples/snow.svg"
    ]
    item = json.loads(hostile_site.get("/feed.json").text)["items"][0]
    assert item["title"] == row["title"] and item["content_html"] == content


def test_names_of_any_kind_have_a_feed(hostile_site: Visitor) -> None:
    """A name with a slash, a question mark and an ampersand is one name; so is one like a file."""
    (row,) = hostile_site.rows("select section, source from articles where source is not null")
    for kind, name in (*row.items(), ("tag", "package.json"), ("tag", "a&b")):
        assert len(ids(atom(hostile_site, f"/{kind}/{quote(name, safe='')}.atom"))) == 1, name
    (row,) = hostile_site.rows("select article as id from tags where tag = 'package.json'")
    article = hostile_site.page(f"/clippings/articles/{row['id']}")
    (address,) = article.xpath("//a[contains(., 'package.json')]/@href")
    assert hostile_site.page(path_of(address)).xpath("//h1[contains(., 'package.json')]")


def test_opml_leads_to_feeds(below: Visitor) -> None:
    """Every outline with an address is a feed that answers, one for each name there is."""
    tree = etree.fromstring(below.get("/sources.opml").content)
    outlines = tree.xpath("//outline[@xmlUrl]")
    for kind in ("section", "source", "feed"):
        names = below.rows(f"select distinct {kind} as name from articles where {kind} <> ''")
        told = {each.get("text") for each in outlines if f"/{kind}/" in each.get("xmlUrl")}
        assert told == {row["name"] for row in names}
    for outline in outlines:
        assert outline.get("type") == "rss"
        for address in (outline.get("xmlUrl"), outline.get("htmlUrl")):
            path = address.removeprefix("http://localhost/below")
            assert below.get(path).status_code == 200, address


@pytest.mark.parametrize(
    "path",
    [
        "/source/没有.atom",
        "/tag/x.json",
        "/feed.atom?page=9",
        "/feed.atom?page=-1",
        "/feed.json?page=%00",
        "/search.atom?q=没有这样的字句",
    ],
)
def test_unknown_feed_is_not_found(site: Visitor, path: str) -> None:
    """What is not there is a 404, with the site's own page or, for programs, JSON."""
    answer = site.get(path)
    assert answer.status_code == 404 and "etag" not in answer.headers
    assert answer.json()["ok"] is False if ".json" in path else 'class="site-name"' in answer.text


def test_who_has_the_feed_gets_nothing_twice(site: Visitor) -> None:
    """The ETag is answered with 304; another address or language has another."""

    def tag_of(path: str, **headers: str) -> Any:
        return site.get(path, headers=headers).headers["etag"]

    tag = tag_of("/feed.atom")
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        answer = site.get("/feed.atom", headers={"if-none-match": known})
        assert (answer.status_code, answer.text, answer.headers["etag"]) == (304, "", tag)
    assert site.get("/feed.atom", headers={"if-none-match": '"other"'}).status_code == 200
    assert len({tag, tag_of("/feed.json"), tag_of("/section/新媒体.atom")}) == 3
    assert tag != tag_of("/feed.atom", **{"accept-language": "en"})


@pytest.mark.parametrize(
    "path", ["/", "/source/示例日报", "/search?q=大桥", "/search?q=%22", "/trends", "/clippings"]
)
def test_page_tells_its_feeds(site: Visitor, path: str) -> None:
    """The head of a page names feeds that exist, its own before the archive's."""
    links = site.page(path).xpath("//link[@rel='alternate'][contains(@type, 'atom')]")
    hrefs = [path_of(link.get("href")) for link in links]
    assert hrefs[-1] == "/feed.atom"
    assert len(hrefs) == (2 if path in ("/source/示例日报", "/search?q=大桥") else 1)
    for href in hrefs:
        assert atom(site, href) is not None


def test_pictures_can_be_links(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """Where the site shows pictures as links, its feeds do."""
    (tmp_path / "一.md").write_text("正文\n\n![雪 > 雨](/static/samples/snow.svg)")
    site = serve(tmp_path, {"pictures": "links"})
    (item,) = site.get("/feed.json").json()["items"]
    link = html.unescape(item["content_html"])
    assert 'href="http://localhost/static/samples/snow.svg">' in link and "雪 > 雨</a>" in link
    assert "<img" not in link and "image" not in item
