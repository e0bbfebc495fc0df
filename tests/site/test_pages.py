"""The site as its readers and its researchers meet it, through Datasette's own test client."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
import yaml
from conftest import ROOT, SQL, Visitor
from lxml import html

from clippings.reading.frontmatter import parse_article
from clippings.site.listings import KINDS, Shelf, read_page, shelf

METADATA = yaml.safe_load((ROOT / "metadata.yml").read_text())["databases"]["clippings"]
SAMPLE = 385025375454797
"""The id of the user's own article."""
BRIDGE = "江城二桥今晨合龙，两岸之间只差一层沥青"
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
)
DATASETTES = (
    "/clippings",
    "/clippings/articles",
    "/clippings/placements",
    "/clippings/longest_reads",
    f"{SQL}?sql=select+1",
)


def id_of(site: Visitor, title: str) -> int:
    (row,) = site.rows("select id from articles where title = :title", title=title)
    return int(row["id"])


def text_of(tree: html.HtmlElement, path: str) -> list[str]:
    return [" ".join(element.text_content().split()) for element in tree.xpath(path)]


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


def test_home_shows_what_there_is(site: Visitor) -> None:
    """Home says how much there is, and leads to the newest, to each section and each day."""
    page = site.page("/?_lang=zh-Hans")
    (count,) = site.rows("select count(*) as n from articles")
    assert f"{count['n']} 篇文章" in page.xpath("string(//p[@class='lead'])")
    newest = site.rows("select title from articles order by docid desc limit 10")
    assert text_of(page, "//article//h3") == [row["title"] for row in newest]
    assert f"http://localhost/section/{quote('新媒体')}" in page.xpath("//a/@href")
    assert "http://localhost/day/2022-01-11" in page.xpath("//main//*[local-name()='svg']//@href")
    assert page.xpath("//main//form/@action") == ["http://localhost/search"]


def test_article_is_made_to_be_read(site: Visitor) -> None:
    """An article shows its title, places, date and text, and folds away where it comes from."""
    page = site.page(f"/clippings/articles/{SAMPLE}?_lang=zh-Hans")
    assert text_of(page, "//h1") == ["美俄过招7.5小时互不退让，中方倡导理念成双方共识"]
    assert text_of(page, "//p[@class='kicker']/a") == ["新媒体", "观察者网", "头条"]
    assert page.xpath("//article//time/@datetime")[0].startswith("2022-01-11T22:12:40")
    assert "2022年1月11日 22:12" in page.xpath("string(//article//time)")
    assert "核战争打不赢也打不得" in page.xpath("string(//div[@class='prose'])")
    assert page.xpath("//article/@lang") == ["zh-Hans"]
    names, values = (text_of(page, f"//dl[@class='facts']/{part}") for part in ("dt", "dd"))
    facts = dict(zip(names, values, strict=True))
    assert facts["date"] == "Tue, 11 Jan 2022 22:12:40 GMT"
    assert facts["categories"] == "新媒体、观察者网、头条"


def test_article_tells_machines_what_it_is(site: Visitor) -> None:
    """JSON-LD, Open Graph and the canonical link say what the page shows."""
    page = site.page(f"/clippings/articles/{SAMPLE}")
    news = json.loads(page.xpath("string(//script[@type='application/ld+json'])"))
    assert news["@type"] == "NewsArticle"
    assert news["headline"] == page.xpath("//meta[@property='og:title']/@content")[0]
    assert news["datePublished"].startswith("2022-01-11T22:12:40")
    assert page.xpath("//link[@rel='canonical']/@href") == [
        f"http://localhost/clippings/articles/{SAMPLE}"
    ]


def test_article_pictures_are_lazy_and_say_nothing(site: Visitor) -> None:
    """Pictures of the text load when they are seen and do not tell where they were seen."""
    for image in site.page(f"/clippings/articles/{SAMPLE}").xpath("//div[@class='prose']//img"):
        assert image.get("loading") == "lazy"
        assert image.get("referrerpolicy") == "no-referrer"


def test_article_in_two_feeds_names_both(site: Visitor) -> None:
    """A text that was found in two feeds is one page that names both, and is on both shelves."""
    key = id_of(site, BRIDGE)
    places = text_of(site.page(f"/clippings/articles/{key}"), "//section[@class='about']//li")
    assert any("头条" in place for place in places)
    assert any("本地" in place for place in places)
    for feed in ("头条", "本地"):
        assert BRIDGE in text_of(site.page(f"/feed/{quote(feed)}"), "//article//h2")


def test_republished_article_is_told_from_a_related_one(site: Visitor) -> None:
    """The same text under another headline is named as such, and not as a related article."""
    page = site.page(f"/clippings/articles/{id_of(site, BRIDGE)}?_lang=zh-Hans")
    tellings = page.xpath("//details[summary[contains(., '几乎相同')]]//li/a")
    assert [telling.text_content() for telling in tellings] == ["误差1.2毫米！江城二桥今晨顺利合龙"]
    assert [mark.text for mark in tellings[0].xpath("mark")] == ["误差1.2毫米！", "顺利"]
    assert "误差1.2毫米！江城二桥今晨顺利合龙" not in text_of(page, "//section//article//h3")


def test_article_leads_on(site: Visitor) -> None:
    """Previous and next of the same source, related articles, and the links out with an archive."""
    key = id_of(site, "样例彗星为什么有两条尾巴")
    page = site.page(f"/clippings/articles/{key}")
    (previous,) = page.xpath("//a[@rel='prev']/@href")
    assert str(key) in site.page(urlsplit(previous).path).xpath("//a[@rel='next']/@href")[0]
    assert "样例彗星已可用肉眼看到：时间、方位和一份观测清单" in text_of(
        page, "//section//article//h3"
    )
    assert any("//web.archive.org/web/2022" in link for link in page.xpath("//section//@href"))


def test_article_with_headings_has_contents(site: Visitor) -> None:
    """From three headings on there is a table of contents, and each entry leads somewhere."""
    key = id_of(site, "用SQLite给一文件夹笔记做索引，只要三十行")
    page = site.page(f"/clippings/articles/{key}")
    anchors = [
        urlsplit(link).fragment for link in page.xpath("//nav[contains(@class, 'contents')]//@href")
    ]
    assert len(anchors) >= 3
    assert set(anchors) <= set(page.xpath("//div[@class='prose']//@id"))


def test_code_is_coloured_on_the_server(site: Visitor) -> None:
    """A code block that names its language has its words classed."""
    key = id_of(site, "用SQLite给一文件夹笔记做索引，只要三十行")
    code = site.page(f"/clippings/articles/{key}").xpath("//pre/code[@class='language-python']")
    assert code[0].xpath(".//span[@class='kn']/text()")[0] == "import"


def test_short_link(site: Visitor) -> None:
    """/a/<id> leads to the article, from the id of any of its placements too; else 404."""
    key = id_of(site, BRIDGE)
    placements = site.rows("select id from placements where article = :key", key=key)
    assert len(placements) == 2
    for placement in placements:
        response = site.get(f"/a/{placement['id']}.md")
        assert response.status_code == 302
        assert response.headers["location"] == f"/clippings/articles/{key}.md"
    site.page("/a/12345", status=404)


def test_article_as_files(site: Visitor) -> None:
    """.md reads back as the same article, .txt is plain text, .json holds every column."""
    address = f"/clippings/articles/{SAMPLE}"
    (row,) = site.rows("select * from articles where id = :key", key=SAMPLE)
    file = site.get(address + ".md")
    parsed = parse_article("a.md", file.content)
    assert parsed.front_matter == json.loads(row["front_matter"])
    assert parsed.body.strip() == row["markdown"].strip()
    assert file.headers["content-type"] == "text/markdown; charset=utf-8"
    text = site.get(address + ".txt").text
    assert text.startswith(row["title"]) and "](" not in text
    assert site.get(address + ".json?_shape=array").json() == [row]
    site.page("/clippings/articles.md", status=404)


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
    (files,) = site.rows("select count from accounting where name = 'files_seen'")
    assert text_of(page, "//table//td")[0] == str(files["count"])
    for link in page.xpath("//p[@class='ways']/a/@href"):
        assert site.get(urlsplit(link).path).status_code == 200, link


def test_long_contents_are_folded(serve: Callable[..., Visitor], tmp_path: Path) -> None:
    """Contents that would fill the first screen are folded; short ones are open."""
    for name, headings in (("short", 5), ("long", 40)):
        text = "".join(f"## 第{number}节\n\n正文\n\n" for number in range(headings))
        (tmp_path / f"{name}.md").write_text(f"---\ntitle: {name}\n---\n\n{text}")
    site = serve(tmp_path)
    for name, is_open in (("short", True), ("long", False)):
        page = site.page(f"/clippings/articles/{id_of(site, name)}")
        (contents,) = page.xpath("//nav[contains(@class, 'contents')]/details")
        assert ("open" in contents.attrib) == is_open


def test_days_lead_to_their_neighbours(site: Visitor) -> None:
    """From a day one goes to the day with articles before and after it, and up to its month."""
    links = site.page("/day/2022-01-11").xpath("//main//a/@href")
    for path in ("/day/2022-01-05", "/day/2022-01-12", "/month/2022-01", "/year/2022"):
        assert f"http://localhost{path}" in links


def _shelves(conn: sqlite3.Connection) -> list[Shelf]:
    names = {
        kind: f"select distinct {kind} from articles where {kind} is not null"
        for kind in ("section", "source", "feed")
    }
    names["tag"] = "select distinct tag from tags"
    found = [Shelf(kind, row[0]) for kind, sql in names.items() for row in conn.execute(sql)]
    days = [row[0] for row in conn.execute("select distinct day from articles where day > ''")]
    for kind, width in (("year", 4), ("month", 7), ("day", 10)):
        found += filter(None, (shelf(kind, name) for name in {day[:width] for day in days}))
    return [*found, Shelf("undated", "")]


@pytest.mark.parametrize("size", [1, 2, 5, 50])
def test_turning_pages_meets_every_article_once(site: Visitor, size: int) -> None:
    """To the oldest and back again, each shelf shows each of its articles once, in order."""
    conn = sqlite3.connect(site.datasette.get_database("clippings").path)
    conn.row_factory = sqlite3.Row
    kinds = set()
    for of in _shelves(conn):
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
    assert kinds == set(KINDS)


@pytest.mark.parametrize("table", METADATA["tables"])
def test_every_column_is_described(site: Visitor, table: str) -> None:
    """Each column of each table has a description, and nothing else has."""
    columns = [row["name"] for row in site.rows(f"pragma table_info({table})")]
    described = METADATA["tables"][table]["columns"]
    assert list(described) == columns
    assert all(text for text in described.values())


def test_every_table_is_described(site: Visitor) -> None:
    """No table that a visitor sees is without a title."""
    tables = site.get("/clippings.json").json()["tables"]
    seen = {table["name"] for table in tables if not table["hidden"]}
    assert seen == {name for name, about in METADATA["tables"].items() if not about.get("hidden")}


def test_facets_and_order_are_columns_with_an_index(site: Visitor) -> None:
    """What the table of articles is faceted and sorted by is there, and indexed."""
    about = METADATA["tables"]["articles"]
    columns = {row["name"] for row in site.rows("pragma table_info(articles)")}
    indexed = {
        site.rows(f"pragma index_info({row['name']})")[0]["name"]
        for row in site.rows("pragma index_list(articles)")
    }
    assert set(about["sortable_columns"]) <= columns
    assert {*about["facets"], about["sort_desc"]} <= indexed
    page = site.page("/clippings/articles")
    shown = page.xpath("//div[contains(@class, 'facet-info ')]/@data-column")
    assert set(shown) == set(about["facets"])


@pytest.mark.parametrize("name", METADATA["queries"])
def test_query_runs(site: Visitor, name: str) -> None:
    """Each ready query runs with nothing filled in, and its examples find something."""
    about = METADATA["queries"][name]
    assert site.get(f"/clippings/{name}.json?_shape=array").status_code == 200
    examples = about.get("examples", [])
    asked = site.page(f"/clippings/{name}").xpath("//p[@class='hints']/a/@href")
    assert [dict(parse_qsl(urlsplit(link).query)) for link in asked] == examples
    for example in examples:
        rows = site.get(f"/clippings/{name}.json?_shape=array&{urlencode(example)}").json()
        assert rows, (name, example)


def test_table_does_not_flood(site: Visitor) -> None:
    """The table shows titles that lead to their pages, and cuts long texts."""
    page = site.page("/clippings/articles")
    assert page.xpath(f"//td[contains(@class, 'col-title')]/a[contains(@href, '/{SAMPLE}')]")
    assert max(len(cell) for cell in text_of(page, "//td")) < 100


def test_table_leaves_out_what_only_programs_read(site: Visitor) -> None:
    """Until columns are asked for, those for programs are left out; exports always have them."""

    def columns(query: str) -> set[str]:
        page = site.page(f"/clippings/articles?{query}")
        for row in page.xpath("//table[@class='rows-and-columns']//tr"):
            assert len(row) == len(page.xpath("//th[@data-column]"))
        return set(page.xpath("//th/@data-column"))

    assert columns("_columns=all") - columns("") >= {"markdown", "front_matter", "url", "day"}
    assert {"id", "title", "source"} <= columns("")
    assert columns("_col=markdown") == {"id", "markdown"}
    assert "digest" in columns("_nocol=author")
    (export,) = site.page("/clippings/articles").xpath("//p[@class='export-links']/a[1]/@href")
    (row, *_) = site.get(f"{urlsplit(export).path}?_shape=array").json()
    assert {"markdown", "front_matter", "url", "day"} <= row.keys()


def test_table_is_newest_first(site: Visitor) -> None:
    """The newest stand first, in HTML and in JSON."""
    rows = site.get("/clippings/articles.json?_shape=objects").json()["rows"]
    docids = [row["docid"] for row in rows]
    assert docids == sorted(docids, reverse=True)


@pytest.mark.parametrize("word", ["核", "核战", "核战争"])
def test_datasettes_own_box_finds_chinese(site: Visitor, word: str) -> None:
    """Words of one, two and three characters find the sample by `_search` and by the query."""
    found = site.get(f"/clippings/articles.json?_search={quote(word)}&_shape=array").json()
    assert SAMPLE in [row["id"] for row in found]
    (row,) = [
        row
        for row in site.get(f"/clippings/search.json?q={quote(word)}&_shape=array").json()
        if row["id"] == SAMPLE
    ]
    assert f"<mark>{word}</mark>" in row["snippet"]


def test_snippets_of_any_sql_are_text(site: Visitor) -> None:
    """A query that calls its column `snippet` puts no HTML on the page but the marks."""
    sql = "select '<img src=x onerror=alert(1)><mark>a</mark>' as snippet"
    page = site.page(f"{SQL}?sql={quote(sql)}")
    assert not page.xpath("//td//img")
    assert page.xpath("string(//td//mark)") == "a"


def test_database_is_immutable_and_can_be_downloaded(site: Visitor) -> None:
    """Datasette knows the file's hash, so it may be downloaded; the download is the database."""
    database = site.datasette.get_database("clippings")
    assert database.hash and not database.is_mutable
    assert site.get("/clippings.db").content.startswith(b"SQLite format 3\0")
    assert site.get("/clippings/articles.csv?_size=2").text.count("\n") > 2


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


def test_real_articles_can_be_read(corpus_site: Visitor) -> None:
    """Every real article has a page that answers with its title, and every list of them too."""
    for row in corpus_site.rows("select id, title from articles order by id limit 150"):
        page = corpus_site.page(f"/clippings/articles/{row['id']}")
        assert " ".join(page.xpath("string(//h1)").split()) == " ".join(row["title"].split())
    for path in ("/", "/archive", "/sources", "/clippings/articles"):
        corpus_site.page(path)
