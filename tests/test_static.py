"""The static copy: its pages and links are all there, and its search finds what the site finds,
from a web server that only serves files."""

from __future__ import annotations

import functools
import http.server
import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import pytest
import yaml
from click.testing import CliRunner
from conftest import ROOT, chromium
from lxml import html

from build_db import main
from clippings.errors import BuildError
from clippings.executors import mapper
from clippings.pipeline import build
from clippings.search import ORDERS, TOTAL, parse_query
from clippings.site.wording import LANGUAGES
from clippings.static import addresses, static_copy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ADDRESS = "https://user.example.org/archive/"
METADATA = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))
SEEDS = ROOT / "seeds"
NUCLEAR = "核战争打不赢，也打不得。这是五国的联合声明。"
ATTACK = "<img src=x onerror=alert(1)> & \"核武\" <script>alert('1')</script>"
QUERIES = """
    核战争, 核战, 核, comet, absent-from-all, 江城二桥, 桥, 彗星, 軟件, 見本, 혜성
    江城 OR comet, 桥 -江城, -桥, "江城二桥今晨合龙", source:"示例日报", source:示例
    source：示例日报, title:彗星, author:陈, tag:SQLite
    section:生活 桥, date:2022-01, date:2022, date:2022-01-05..2022-02-03, date:>2022-01
    date:<=2022-01-11 桥, date:2022-02-30, has:image, has:table, lang:ja, lang:zh
    江城，二桥, Wi-Fi, 3.5%, C++, iPhone13, nosuch:x, 桥，江城, １２, AI芯片, 5G网络, 5G 网络
    片AI, 用AI, com*, s* 桥, c＊, 桥 OR -江城, -桥 -彗星, "春，江城"
    NOT 桥, OR, 桥 AND 江城, 桥 OR, "unclosed, ，, feed:头条 OR tag:comet
"""
"""Divided by commas and lines."""


def silent(name: str, done: int) -> None:
    """Progress that nobody listens to."""


def articles(folder: Path) -> Path:
    """Articles that fill pages of lists, and one that means harm."""
    (folder / "more").mkdir()
    for number in range(60):
        (folder / "more" / f"{number}.md").write_text(
            f"---\ntitle: 第{number}篇\ncategories: [长, 'A/B ~ “名” 与 很长', 列]\n"
            f"tags: [Tag, tag, package.json]\ndate: 2022-03-{number % 28 + 1:02}\n---\n\n"
            f"长卷之{number}。{'用AI芯片' * (number % 3)}，5G 网络。"
            f"{NUCLEAR if number == 7 else ''}\n"
        )
    header = f"---\ntitle: {json.dumps(ATTACK)}\ndate: 2022-03-30\n---\n\n"
    attack = f"{header}{ATTACK} 核武器\n\n[x](/nowhere) {ADDRESS}&lt;script>a</script>\n"
    (folder / "more" / "attack.md").write_text(attack)
    return folder


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their database, with the sample articles."""
    file = tmp_path_factory.mktemp("static") / "news.db"
    source = articles(tmp_path_factory.mktemp("articles"))
    build((SEEDS, source), file, mapper(1), 1.0, lambda done, total: None)
    return file


@pytest.fixture(scope="module")
def copy(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their static copy, in a folder that a web server serves under /archive/."""
    folder = tmp_path_factory.mktemp("www") / "archive"
    static_copy(database, folder, ROOT, METADATA, ADDRESS, silent)
    return folder


class Files(http.server.SimpleHTTPRequestHandler):
    """A web server that only serves files, and knows no parts of them."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def serving(folder: Path) -> Iterator[str]:
    """The address at which the files of a folder are served for a while."""
    handler = functools.partial(Files, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def address(copy: Path) -> Iterator[str]:
    """Where the copy is served, below a path."""
    for root in serving(copy.parent):
        yield f"{root}archive/"


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[[str], Page]]:
    """A function that opens a page of the copy; no message and no missing file is let pass."""
    context = browser.new_context(locale="zh-CN", base_url=address)
    context.route(lambda url: not url.startswith(address), lambda route: route.abort("failed"))
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: answer.status < 400 or wrong.append(answer.url))

    def open_page(path: str) -> Page:
        page.goto(path)
        return page

    yield open_page
    context.close()
    assert [each for each in wrong if "net::ERR_FAILED" not in each] == []


def links(file: Path) -> Iterator[str]:
    """The addresses on a page that do not leave the site."""
    for element in html.fromstring(file.read_bytes()).iter():
        for name in ("href", "src", "action"):
            link = element.get(name) or "#" if isinstance(element.tag, str) else "#"
            if not re.match(r"#|//|[a-z][a-z0-9+.-]*:", link, re.I):
                yield link


def test_every_link_leads_to_a_file(copy: Path) -> None:
    """Relative, so that the copy may stand at any address; none is dead."""
    for file in copy.rglob("*.html"):
        for link in links(file):
            path = unquote(urlsplit(link).path)
            if file.name == "404.html":  # stands at any address
                assert (copy / path.removeprefix("/archive/")).is_file(), link
            else:
                assert not path.startswith("/"), (file, link)
                assert not path or (file.parent / path).is_file(), (file, link)


def test_every_article_is_there_in_every_language(copy: Path, database: Path) -> None:
    """With the dress of each language; lists go on to their last article."""
    count = len(list((copy / "clippings" / "articles").iterdir()))
    assert count == 37 + 61
    for language in list(LANGUAGES)[1:]:
        assert len(list((copy / language / "clippings" / "articles").iterdir())) == count
    assert 'lang="en"' in (copy / "en" / "index.html").read_text("utf-8")
    listed = [
        link
        for file in copy.glob("year/2022*.html")
        for link in links(file)
        if re.match(r"\.\./clippings/articles/\d+\.html$", link)
    ]
    dated = {f"../clippings/articles/{p.name}" for p in (copy / "clippings/articles").iterdir()}
    of_the_year = [link for link in listed if link in dated]
    assert len(set(listed)) == len(set(of_the_year)) == 88


def test_a_list_leads_back_and_forth(copy: Path) -> None:
    """The second page of a list leads to the first and the third, and so does the third."""
    pages = {file.name: set(links(file)) for file in copy.glob("year/2022*.html")}
    second = next(iter(sorted(pages["2022.html"] & {quote(n, safe="~") for n in pages})))
    assert "2022.html" in pages[second]


def test_what_needs_a_server_is_left_out(copy: Path) -> None:
    """No page offers SQL, tables, exports, trends or another view of a list."""
    for file in copy.rglob("*.html"):
        page = html.fromstring(file.read_bytes())
        assert not page.xpath("//*[@data-live]")
        offered = " ".join(links(file))
        assert not re.search(r"\?(?!q=|[0-9a-f]{8}\b)|/-/|export/|trends|sql", offered), file


def test_policy_stands_in_the_page(copy: Path) -> None:
    """No page has an inline script that runs."""
    for file in copy.rglob("*.html"):
        page = html.fromstring(file.read_bytes())
        (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert "script-src 'self'" in policy and "unsafe-inline" not in policy
        assert {s.get("type") for s in page.xpath("//script[not(@src)]")} <= {"application/ld+json"}


def test_nothing_escaped_is_let_out(copy: Path) -> None:
    """An address that no page has, with a script in it, stays the text that it was."""
    pages = (file.read_text("utf-8") for file in (copy / "clippings/articles").iterdir())
    (found,) = (page for page in pages if f"{ADDRESS}&lt;script" in page)
    assert len(re.findall("<script", found)) == 3  # copy.js, site.js, JSON-LD


def test_feeds_and_sitemap_name_files(copy: Path) -> None:
    """What has to be absolute begins with the address of the copy, and is there."""
    for name in ("sitemap.xml", "feed.atom", "feed.json", "sources.opml"):
        text = (copy / name).read_text("utf-8")
        named = re.findall(re.escape(ADDRESS) + r"[^\s\"'<>&\\]*", text)
        assert named
        for each in (each for each in named if not each.endswith("/nowhere")):  # as it is written
            file = unquote(each.removeprefix(ADDRESS)).removesuffix("/")
            assert (copy / file / "index.html").exists() or (copy / file).exists(), each
        assert "localhost" not in text
    assert "/404.html" not in (copy / "sitemap.xml").read_text("utf-8")
    assert "next_url" not in json.loads((copy / "feed.json").read_text("utf-8"))


def test_database_is_offered(copy: Path, database: Path) -> None:
    """The file that the downloads page links is the database."""
    (link,) = (each for each in links(copy / "downloads.html") if each.endswith(".db"))
    assert (copy / link).read_bytes() == database.read_bytes()


def test_release_is_offered(release_of_seeds: Path, tmp_path: Path) -> None:
    """Where there is a release, all of its files are there, and they are those of the release."""
    database = release_of_seeds.with_name("clippings.db")
    static_copy(database, tmp_path / "site", ROOT, METADATA, ADDRESS, silent, ["en"])
    there = {path.name: path.read_bytes() for path in (tmp_path / "site/downloads").iterdir()}
    assert there == {path.name: path.read_bytes() for path in release_of_seeds.iterdir()}


def test_same_database_same_bytes(copy: Path, database: Path, tmp_path: Path) -> None:
    """From another folder, at another time, every file is the same."""
    static_copy(database, tmp_path / "again", ROOT, METADATA, ADDRESS, silent)
    names = {p.relative_to(copy) for p in copy.rglob("*") if p.is_file()}
    again = tmp_path / "again"
    assert names == {p.relative_to(again) for p in again.rglob("*") if p.is_file()}
    assert [n for n in names if (copy / n).read_bytes() != (again / n).read_bytes()] == []


def test_only_a_copy_is_replaced(database: Path, tmp_path: Path) -> None:
    """A folder with anything else in it is left alone; and nothing is left beside it."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "CNAME").write_text("example.org")
    with pytest.raises(BuildError, match="CNAME"):
        static_copy(database, tmp_path / "site", ROOT, METADATA, ADDRESS, silent)
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("address", ["example.org", "file:///tmp/", "https://example.org/?a=b"])
def test_what_is_no_address_is_refused(database: Path, tmp_path: Path, address: str) -> None:
    """Before anything is written."""
    with pytest.raises(BuildError, match="no address of a site"):
        static_copy(database, tmp_path / "site", ROOT, METADATA, address, silent)
    assert not list(tmp_path.iterdir())


def test_in_one_language(database: Path, tmp_path: Path) -> None:
    """That stands at the root, and no other is offered."""
    static_copy(database, tmp_path / "site", ROOT, METADATA, ADDRESS, silent, ["en"])
    home = html.fromstring((tmp_path / "site" / "index.html").read_bytes())
    assert home.get("lang") == "en"
    assert set(home.xpath("//*[@hreflang]/@hreflang")) == {"en"}
    assert not (tmp_path / "site" / "en").exists()


def test_the_command_writes_it(tmp_path: Path) -> None:
    """As the last step of a build; where metadata.yml names no address, a local one stands."""
    article = next(SEEDS.rglob("*.md"))
    wanted = [str(article), "-o", str(tmp_path / "a.db"), "--static", str(tmp_path / "site")]
    done = CliRunner().invoke(main, wanted)
    assert done.exit_code == 0, done.output
    assert "site: " in done.output and "http://127.0.0.1:8001/" in done.output
    assert (tmp_path / "site" / "index.html").exists()
    done = CliRunner().invoke(main, [*wanted, "--language", "xx"])
    assert done.exit_code == 1 and "does not speak xx" in done.output


def test_too_many_articles(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that is too large is told so before anything is written."""
    monkeypatch.setattr("clippings.static.MOST_ARTICLES", 50)
    with pytest.raises(BuildError, match="98 articles"):
        static_copy(database, tmp_path / "site", ROOT, METADATA, ADDRESS, silent)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tag", "tag"),
        ("a/b", "a-b"),
        ("..", "-"),
        (".git", "git"),
        ("长" * 99, "长" * 98),
        ("", "-"),
    ],
)
def test_file_names_are_safe_and_apart(one: str, other: str) -> None:
    """Names that differ have files that differ on any disk, below the folder."""
    first, second = addresses.file_name(one), addresses.file_name(other)
    assert first.lower() != second.lower()
    for name in (first, second):
        assert len(name.encode()) < 240 and not re.search(r"[/\\]|^\.", name) and name


def results(page: Page) -> list[str]:
    """The titles that a search shows."""
    page.locator("#found [role=status]").wait_for()
    page.wait_for_load_state("networkidle")
    return [title.strip() for title in page.locator("#found .card-title").all_inner_texts()]


@pytest.mark.parametrize("query", ["核战争", "核战", "核", "五国的联合"])
def test_search_for_chinese(visit: Callable[[str], Page], query: str) -> None:
    """A word of any length is found, its passage marked, and its article opens."""
    page = visit(f"search.html?q={query}")
    assert "第7篇" in results(page)
    card = page.locator("#found article").filter(has_text="第7篇")
    assert query in card.locator(".summary mark").all_inner_texts()
    card.locator(".card-title a").click()
    page.wait_for_url("**/clippings/articles/*.html")
    assert page.locator("h1").inner_text() == "第7篇"


def test_search_by_the_forms_of_the_pages(visit: Callable[[str], Page]) -> None:
    """From the box of any page, in any language, by keyboard; results speak that language."""
    page = visit("en/archive.html")
    page.keyboard.press("/")
    page.keyboard.insert_text("comet")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/search.html?q=comet")
    assert "The comet that came early" in results(page)
    assert "article" in page.locator("#found [role=status]").inner_text()
    page.locator(".card-title a").first.click()
    page.wait_for_url("**/en/clippings/articles/*.html")


def test_search_shows_more(visit: Callable[[str], Page]) -> None:
    """What does not fit comes by a button, newest first where that is chosen."""
    page = visit("search.html?q=长卷之&sort=newest")
    assert len(results(page)) == 10
    page.get_by_role("button", name="更多结果").click()
    page.locator("#found article").nth(19).wait_for()
    days = page.locator("#found time, #found .byline a[href*='/day/']").all_inner_texts()
    assert days[0] == "2022年3月28日"


def test_nothing_found(visit: Callable[[str], Page]) -> None:
    """Is said, with what can be asked."""
    page = visit("search.html?q=绝无此词")
    assert results(page) == []
    assert page.locator("#found").inner_text().strip() == "没有找到"
    assert page.locator("dl.language").is_visible()


def test_hostile_titles_are_text(visit: Callable[[str], Page]) -> None:
    """A title that means harm is shown as it is written."""
    page = visit("search.html?q=核武器")
    assert ATTACK in results(page)
    assert not page.locator("#found img, #found script").count()


def test_theme_and_language_without_a_server(visit: Callable[[str], Page]) -> None:
    """The theme is kept from page to page, and the language leads to the same page of another."""
    page = visit("archive.html")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("summary[aria-label='明暗']").click()
    page.get_by_role("link", name="深色").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.goto("sources.html")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.locator("summary[aria-label='语言']").click()
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/en/sources.html")
    assert page.locator("h1").inner_text() == "Sources"


FIND = """async ([queries, order]) => {
  const { articles, find } = await import(new URL("static/copy-search.js", location.href));
  const found = [];
  for (const query of queries) {
    const docids = await find(query, order);
    const known = await articles();
    found.push([docids.length, docids.slice(0, 10).map((docid) => known.get(docid).id)]);
  }
  return found;
}"""


def found_by_the_site(conn: sqlite3.Connection, query: str, order: str) -> list[Any]:
    """How many articles the site's own index has for a query, and the first of them."""
    match = parse_query(query).match
    (total,) = conn.execute(TOTAL, {"match": match}).fetchone()
    found = conn.execute(ORDERS[order], {"match": match, "limit": 10, "offset": 0}).fetchall()
    by_docid = "select id from articles where docid = ?"
    return [total, [conn.execute(by_docid, row).fetchone()[0] for row in found]]


@pytest.mark.parametrize("order", ORDERS)
def test_search_finds_what_the_site_finds(
    visit: Callable[[str], Page], database: Path, order: str
) -> None:
    """For every kind of query: the same articles, in the same order."""
    page = visit("search.html?q=x")
    results(page)
    queries = [
        query
        for query in re.split(r", |\n\s*", QUERIES.strip())
        if order == "newest" or parse_query(query).terms
    ]
    found = page.evaluate(FIND, [queries, order])
    with closing(sqlite3.connect(database)) as conn:
        for query, ours in zip(queries, found, strict=True):
            assert ours == found_by_the_site(conn, query, order), query
