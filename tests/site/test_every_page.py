"""What holds on every page: for its readers, and for what is shown on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from conftest import ROOT, SQL, Visitor, id_of
from lxml import html

SAMPLE = 385025375454797
"""The id of the user's own article."""
OURS = (
    "/",
    "/archive",
    "/sources",
    "/about",
    "/year/2022",
    "/month/2022-01",
    "/day/2022-01-11",
    "/undated",
    f"/source/{quote('示例日报')}",
    f"/section/{quote('新媒体')}?view=list",
    f"/feed/{quote('头条')}",
    f"/tag/{quote('彗星')}",
    f"/clippings/articles/{SAMPLE}",
    f"/concordance?q={quote('彗星')}&near={quote('尾')}",
    f"/collocates?q={quote('雪')}",
    f"/keyness?a={quote('source:示例日报')}&b=lang:zh",
)

DATASETTES = (
    "/clippings",
    "/clippings/articles",
    "/clippings/placements",
    "/clippings/longest_reads",
    f"{SQL}?sql=select+1",
)


@pytest.mark.parametrize("path", OURS + DATASETTES)
def test_page_has_the_dress(site: Visitor, path: str) -> None:
    """Each page answers, has a title, one main heading, the menu, and a way past it."""
    page = site.page(path)
    assert page.xpath("string(//title)").strip()
    assert len(page.xpath("//h1")) == 1
    assert page.xpath("//a[@class='skip']/@href")[0].endswith("#content")
    assert page.xpath("//main[@id='content']")
    assert page.xpath("//header//nav//a")


@pytest.mark.parametrize("path", OURS)
def test_page_of_ours_needs_no_inline_script(site: Visitor, path: str) -> None:
    """Our pages fit their own policy: scripts and styles are files of ours, nothing inline."""
    response = site.get(path)
    page = html.fromstring(response.text)
    assert "script-src 'self';" in response.headers["content-security-policy"]
    scripts = page.xpath("//script[not(@src) and @type != 'application/ld+json' or not(@type)]")
    assert all(script.get("src", "").startswith("/static/") for script in scripts)
    assert not page.xpath("//style | //*[@style] | //@onclick | //@onerror | //@onload")
    assert all(
        link.startswith("/static/") for link in page.xpath("//link[@rel='stylesheet']/@href")
    )


OTHERS = (
    "/nothing",
    "/clippings/articles.json",
    "/clippings/articles?_sort=nosuch",
    "/clippings/articles.csv",
    "/clippings.db",
    "/feed.atom",
    "/static/site.css",
    "/static/nothing",
)


@pytest.mark.parametrize("path", [*OURS, *DATASETTES, *OTHERS])
def test_every_answer_is_guarded(site: Visitor, path: str) -> None:
    """No answer may be guessed at by the browser, or tells other sites what was read."""
    headers = site.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "object-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert "geolocation=()" in headers["permissions-policy"]


HOSTILE = """---
title: '</title><script>alert(1)</script>"onmouseover="x'
categories: ['<b>s</b>', '"><svg onload=alert(2)>', '../../x?y#z']
tags: ['</script><script>alert(3)</script>', '%2F..', 'a/b']
author: '{{ 7*7 }}<i>'
date: 2022-01-11
headimg: 'javascript:alert(4)'
url: 'javascript:alert(9)'
</script>: '<script>alert(5)</script>'
---

Text <script>alert(6)</script> <img src="x" onerror="alert(7)"> [link](javascript:alert(8))
<a href="javascript://example.com/%0aalert(10)">a</a> <a href="https://example.com/">b</a>
"""


def test_articles_are_text_wherever_they_appear(
    serve: Callable[..., Visitor], tmp_path: Path
) -> None:
    """No value of an article becomes HTML of the page: not in lists, titles, JSON-LD or tables."""
    (tmp_path / "hostile.md").write_text(HOSTILE)
    site = serve(tmp_path)
    (row,) = site.rows("select id, section, source, feed from articles")
    lists = [f"/{kind}/{quote(row[kind], safe='')}" for kind in ("section", "source", "feed")]
    lists += [f"/tag/{quote(r['tag'], safe='')}" for r in site.rows("select tag from tags")]
    pages = ["/", "/sources", "/day/2022-01-11", f"/clippings/articles/{row['id']}", *lists]
    for path in [*pages, "/clippings/articles", f"/clippings/articles/{row['id']}?_lang=zh-Hans"]:
        page = site.page(path)
        scripts = page.xpath("//script[not(@src)]")
        assert not [s for s in scripts if "alert" in (s.text or "") and s.get("type") is None], path
        assert not page.xpath("//main//*[@onload or @onerror or @onmouseover]"), path
        assert not page.xpath(
            "//a[starts-with(@href, 'javascript')] | //img[contains(@src, 'script:')]"
        )
        assert "49<i>" not in html.tostring(page, encoding="unicode")
    news = site.page(f"/clippings/articles/{row['id']}").xpath("string(//script[@type])")
    assert json.loads(news)["headline"].startswith("</title><script>")


@pytest.mark.parametrize(
    "address", ["http://[", "//[", "/\\\\x", "data:text/html,x", "https://ü.example/%zz"]
)
def test_odd_addresses_break_no_page(
    serve: Callable[..., Visitor], tmp_path: Path, address: str
) -> None:
    """An address that is none, as picture, original and link, leaves the pages standing."""
    header = f"---\ntitle: 标题\nheadimg: '{address}'\nurl: '{address}'\n---\n\n"
    (tmp_path / "a.md").write_text(f"{header}[a]({address}) ![b]({address})\n")
    site = serve(tmp_path)
    (row,) = site.rows("select id from articles")
    for path in ("/", f"/clippings/articles/{row['id']}"):
        assert site.get(path).status_code == 200


def test_site_below_a_prefix(serve: Callable[..., Visitor]) -> None:
    """Behind a proxy at /kept/ every address of ours stays below it, pictures too."""
    site = serve(ROOT / "seeds", base_url="/kept/")
    key = id_of(site, "样例彗星已可用肉眼看到：时间、方位和一份观测清单")
    for path in (
        "/",
        "/archive",
        "/sources",
        "/day/2022-01-11",
        "/clippings/articles",
        f"/clippings/articles/{key}",
    ):
        page = site.page(path)
        for address in page.xpath("//@href | //@src | //@action"):
            parts = urlsplit(address)
            assert parts.netloc != "localhost" or parts.path.startswith("/kept/"), (path, address)
    assert page.xpath("//div[@class='prose']//img/@src")[0].startswith(
        "http://localhost/kept/static/"
    )
    assert site.get(f"/a/{key}").headers["location"] == f"/kept/clippings/articles/{key}"
    assert "script-src 'self';" in site.get("/").headers["content-security-policy"]


def test_pictures_can_be_links(serve: Callable[..., Visitor]) -> None:
    """`pictures: links` in metadata.yml shows no picture and links to each."""
    site = serve(ROOT / "seeds", configuration={"pictures": "links"})
    key = id_of(site, "样例彗星已可用肉眼看到：时间、方位和一份观测清单")
    assert not site.page("/").xpath("//main//img")
    page = site.page(f"/clippings/articles/{key}")
    assert not page.xpath("//main//img")
    assert page.xpath("//a[@class='picture']/@href")[0].endswith("comet.svg")


def test_first_page_is_light(site: Visitor) -> None:
    """The first article page with all it needs but pictures is below 60 KB, its script below 10."""
    page = site.page(f"/clippings/articles/{SAMPLE}")
    styles = page.xpath("//link[@rel='stylesheet']/@href")
    scripts = page.xpath("//script/@src")
    sizes = {address: len(site.get(urlsplit(address).path).content) for address in styles + scripts}
    sizes["page"] = len(site.get(f"/clippings/articles/{SAMPLE}").content)
    assert sum(sizes.values()) < 60_000, sizes
    assert sum(sizes[address] for address in scripts) < 10_000, sizes


@pytest.mark.parametrize("path", OURS + DATASETTES)
def test_page_asks_no_other_site(site: Visitor, path: str) -> None:
    """Style sheets, scripts, icons and forms are the site's own; only pictures may be elsewhere."""
    page = site.page(path)
    fetched = page.xpath(
        "//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src | //form/@action"
    )
    fetched += page.xpath(
        "//iframe/@src | //video/@src | //audio/@src | //source/@src | //object/@data"
    )
    assert {urlsplit(address).netloc for address in fetched} == {"localhost"}
