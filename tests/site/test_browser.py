"""What only a browser shows: the ways of five readers, the keyboard, the width of a phone, dead
pictures, contrast.

Driven by Playwright in a Chromium that is already installed; skipped where there is none, unless
the environment variable CI is set: there a missing browser is a failure.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, SQL, Visitor, chromium, listening, unavailable

from clippings.site.compatibility import IS_SECOND

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SAMPLE = 385025375454797
WITH_TABLE = 7597065525183063
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
OURS = (
    "/",
    "/archive",
    "/sources",
    "/about",
    "/articles",
    "/month/2022-01?view=list",
    "/source/示例日报",
    "/tag/x",
    f"/clippings/articles/{SAMPLE}",
    "/clippings/articles/5287655458815899",  # with code
    f"/clippings/articles/{WITH_TABLE}",
    "/search",
    "/search?q=江城二桥",
    "/trends?q=彗星,江城二桥&by=day",
    "/downloads",
    "/datasheet",
    "/dictionary",
    "/nothing",
)
DATASETTES = (
    "/clippings",
    "/clippings/articles?_facet=language&source=示例日报",
    "/clippings/diagnostics",
    "/clippings/mentions_by_month?q=桥",
    "/clippings/articles_of_a_source?source=示例日报&first_day=2022-01-01&last_day=",
    f"{SQL}?sql=select nope",
)
PAGES = DATASETTES if IS_SECOND else (*OURS, *DATASETTES)
"""Ours are the same on both lines of Datasette."""

SERIOUS = {"serious", "critical"}
OWN = {"title": "山城旧闻 · Old news of the hill town", "creators": [{"name": "Zhang San"}]}


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    """A Chromium; the site has to be up before: while Playwright runs, its event loop is the
    thread's."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(serve: Callable[..., Visitor]) -> Iterator[str]:
    """The address at which seeds/ are served meanwhile, with an archive.yml of their owner's."""
    with listening(serve(ROOT / "seeds", own=OWN)) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a path of the site in a window of its own."""
    contexts: list[BrowserContext] = []

    def open_path(path: str, **options: Any) -> Page:
        context = browser.new_context(
            **{"locale": "zh-CN", "base_url": address, "viewport": PHONE, **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_path
    for context in contexts:
        context.close()


@pytest.mark.site
@pytest.mark.parametrize("path", PAGES)
def test_every_page_by_day_and_by_night(visit: Callable[..., Page], path: str) -> None:
    """No page is wider than a phone, and axe-core finds nothing serious, in the dark neither."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        unavailable("axe-playwright-python is not installed")
    page = visit(path, color_scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    found = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")
    found += Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
    bad = [
        (rule["id"], [node["html"][:200] for node in rule["nodes"][:3]])
        for rule in found
        if rule["impact"] in SERIOUS
    ]
    assert not bad


def test_a_reader_goes_from_home_to_a_related_article(visit: Callable[..., Page]) -> None:
    """On a phone: home, a section, one of its months, an article, a related one."""
    page = visit("/")
    page.locator(".sections a").first.click()
    page.wait_for_url("**/section/*")
    section = page.locator("h1").inner_text()
    page.locator(".bars a[aria-label*='2022年1月']").click()
    page.wait_for_url("**/search?q=*")
    texts = page.locator("main .card").all_inner_texts()
    assert texts and all("2022年1月" in text for text in texts)
    page.locator(".card-title a").filter(has_text="江城二桥").first.click()
    page.wait_for_url("**/clippings/articles/*")
    assert section in page.locator(".kicker").inner_text()
    first = page.locator("h1").inner_text()
    page.locator(".related .card").first.click()
    page.wait_for_function("first => document.querySelector('h1').innerText !== first", arg=first)
    assert "/clippings/articles/" in page.url


def test_a_researcher_searches_and_comes_back(visit: Callable[..., Page]) -> None:
    """Search, a filter, an article with its words marked, and back to the same results."""
    page = visit("/search", viewport=DESK)
    page.locator("main input[type=search]").fill("江城二桥")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    page.locator("aside a").filter(has_text="示例日报").click()
    page.wait_for_url("**source*")
    found = page.locator("main article").all_inner_texts()
    assert found and all("示例日报" in text for text in found)
    assert page.locator(".filters a").inner_text().startswith("source:")
    results = page.url
    page.locator(".card-title a").first.click()
    page.wait_for_url("**/clippings/articles/**")
    assert page.locator("mark").first.inner_text() in "江城二桥"
    page.go_back()
    assert page.url == results
    assert page.locator("main article").all_inner_texts() == found


@pytest.mark.site
def test_a_journalist_takes_the_whole_table(visit: Callable[..., Page]) -> None:
    """The table of articles, a source of it, and its CSV with as many rows as the page says."""
    page = visit("/clippings/articles", viewport=DESK)
    page.locator(".facet[data-column=source] a").filter(has_text="示例日报").click()
    page.wait_for_url("**source=**")
    said = page.locator(".found b").inner_text()
    with page.expect_download() as download:
        page.locator(".exports a").filter(has_text="CSV").first.click()
    with download.value.path().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert f"{len(rows)} 行" == said
    assert {row["source"] for row in rows} == {"示例日报"} and all(row["markdown"] for row in rows)


def test_trends_of_a_month(visit: Callable[..., Page]) -> None:
    """A term and a range are typed; days are counted, and a day's number leads to its articles."""
    page = visit("/trends")
    page.locator(".terms input").fill("江城二桥")
    for label in ("从", "到"):
        page.get_by_label(label, exact=True).fill("2022-02")
    page.get_by_role("button", name="统计").click()
    page.wait_for_url("**from=2022-02**")
    assert page.locator("[aria-labelledby=periods] th").first.inner_text() == "日"
    panel = page.locator(".panel").bounding_box()
    labels = [label.bounding_box() for label in page.locator(".label:visible").all()]
    assert labels[-1]["x"] + labels[-1]["width"] <= panel["x"] + panel["width"]
    assert all(a["x"] + a["width"] < b["x"] for a, b in pairwise(labels))
    number = page.locator("[aria-labelledby=periods] tbody td a").first
    count = number.inner_text()
    number.click()
    page.wait_for_url("**/search?q=*")
    assert page.locator("main article").count() == int(count)


def test_an_owner_names_the_archive(visit: Callable[..., Page]) -> None:
    """The title of archive.yml is on every page, in the page's title, and in Croissant."""
    page = visit("/")
    for path in ("/", "/search?q=雪", f"/clippings/articles/{SAMPLE}", "/clippings", "/nothing"):
        page.goto(path)
        assert page.locator(".site-name").inner_text().endswith("山城旧闻"), path
    page.goto("/archive?_lang=en")
    assert "Old news of the hill town" in page.title()
    assert "hill town" in page.request.get("/croissant.json").json()["name"].replace("-", " ")


def test_a_blind_reader_needs_no_mouse(visit: Callable[..., Page]) -> None:
    """`/`, a word in Chinese, Enter, and on to an article; the first Tab there skips the menu."""
    page = visit("/")
    page.keyboard.press("/")
    page.keyboard.insert_text("斜拉索")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    page.locator(".card-title a").filter(has_text="斜拉索").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/clippings/articles/**")
    assert "斜拉索" in page.locator("h1").inner_text()
    page.goto(page.url.partition("?")[0])
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    for _ in range(6):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


def test_a_question_leads_to_the_marked_words(visit: Callable[..., Page]) -> None:
    """Typed on a phone without spaces, a question ends at its marked words in an article."""
    page = visit("/search")
    page.locator("main input[type=search]").fill("江城二桥为什么晚了三年通车")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    first = page.locator("main article").first
    assert first.bounding_box()["y"] < 2 * PHONE["height"]
    first.locator(".card-title a").click()
    page.wait_for_url("**/clippings/articles/**")
    hit = page.locator("#hit")
    assert hit.inner_text() in "江城二桥为什么晚了三年通车"
    assert 0 <= hit.bounding_box()["y"] < PHONE["height"]


def test_what_one_types_is_completed(visit: Callable[..., Page]) -> None:
    """Titles and sources that begin so are offered in the list of the box."""
    page = visit("/search")
    page.locator("main input[type=search]").press_sequentially("样例")
    page.wait_for_selector("#suggestions option", state="attached")
    assert "样例科技" in page.locator("#suggestions option").evaluate_all(
        "options => options.map(option => option.value)"
    )


def test_theme_and_language_are_kept(visit: Callable[..., Page]) -> None:
    """A dark device gets a dark page; either switch wins over the device, also on the next page."""
    background = "getComputedStyle(document.body).backgroundColor"
    page = visit("/archive", color_scheme="dark")
    dark = page.evaluate(background)
    page.locator("summary[aria-label='明暗']").click()
    page.get_by_role("link", name="浅色").click()
    page.wait_for_url(lambda url: "_theme" not in url)
    page.locator("summary[aria-label='语言']").click()
    page.get_by_role("link", name="English").click()
    assert page.locator("h1").inner_text() == "By date"
    page.goto("/sources")
    assert page.locator("h1").inner_text() == "Sections and sources"
    assert page.evaluate(background) != dark


def test_dead_pictures_leave_a_line(visit: Callable[..., Page]) -> None:
    """Of a run of pictures that are gone one line is shown, with the address and a copy."""
    page = visit(f"/clippings/articles/{SAMPLE}")
    page.evaluate(
        """prose => {
          document.querySelector(prose).innerHTML = "<p>…</p>" + [1, 2, 3].map(
            n => `<p><img src="https://gone.example/${n}.png" alt=""></p>`).join("") + "<p>…</p>";
        }""",
        ".prose",
    )
    page.locator(".all-gone + .all-gone + .all-gone").wait_for(state="attached")
    note = page.locator(".prose .gone:visible")
    assert note.count() == 1 and "图片已不在原处 · gone.example" in note.inner_text()
    links = note.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert links[0].startswith("https://gone.example/")
    assert links[1] == f"https://web.archive.org/web/2/{links[0]}"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (f"/clippings/articles/{WITH_TABLE}", "h1, .kicker a, .neighbours span, .card-title a"),
        ("/", ".card-title a, .chips a, .byline a"),
        ("/trends?q=彗星,江城二桥", ".legend a"),
    ],
)
def test_long_names_are_broken(visit: Callable[..., Page], path: str, names: str) -> None:
    """A title without a place to break it (an address, a hash) makes no page wider either."""
    page = visit(path)
    assert page.locator(names).count()
    page.evaluate(
        "names => document.querySelectorAll(names).forEach(e => e.textContent = 'x'.repeat(300))",
        names,
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.site
def test_table_on_a_phone_begins_with_its_rows(visit: Callable[..., Page]) -> None:
    """The first row is on the first screen, without what is empty; facets come after the rows."""
    page = visit("/clippings/articles")
    assert page.locator("tbody tr").first.bounding_box()["y"] < PHONE["height"]
    assert "" not in page.locator("td:visible").all_inner_texts()
    assert page.locator("aside").bounding_box()["y"] > PHONE["height"]
    page.get_by_text("缩小表格的范围").first.click()
    page.wait_for_url("**#facets")
    assert page.locator("aside").bounding_box()["y"] < PHONE["height"]


@pytest.mark.site
def test_table_is_filtered_and_counted_by_keyboard(visit: Callable[..., Page]) -> None:
    """Without a mouse: open the filters, choose a column to count by, and apply."""
    page = visit("/clippings/articles", viewport=DESK)
    page.locator(".filters summary").press("Enter")
    page.get_by_label("按此列统计").first.select_option("author")
    page.get_by_role("button", name="应用").press("Enter")
    page.wait_for_url("**_facet=author**")
    assert page.locator(".facet[data-column=author]").is_visible()


def test_names_are_filtered_while_typing(visit: Callable[..., Page]) -> None:
    """On the page of all names one box leaves those that hold what is typed."""
    page = visit("/sources")
    page.get_by_label("按名字过滤").fill("gazette")
    shown = page.locator("#source .chips li:visible")
    assert shown.all_inner_texts() and all("Gazette" in name for name in shown.all_inner_texts())


def test_the_whole_card_is_the_link(visit: Callable[..., Page]) -> None:
    """A click on a card's picture leads to its article, one on its source to the source."""
    page = visit("/", viewport=DESK)
    page.locator(".card .thumb").first.click(force=True)  # the title lies over it
    page.wait_for_url("**/clippings/articles/*")
    page.go_back()
    page.locator(".card .byline a").first.click()
    page.wait_for_url("**/source/*")


def test_citation_can_be_copied(visit: Callable[..., Page]) -> None:
    """The button under a citation puts it on the clipboard and says so."""
    page = visit(f"/clippings/articles/{SAMPLE}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("引用", exact=True).click()
    page.get_by_role("button", name="复制").first.click()
    page.get_by_role("button", name="已复制").wait_for()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == page.locator("p.quotable").inner_text()


def test_paper_has_the_article_alone(visit: Callable[..., Page]) -> None:
    """Printed, there are title, date, text and address, and nothing that one would click."""
    page = visit(f"/clippings/articles/{SAMPLE}")
    page.emulate_media(media="print")
    for shown in ("h1", ".article-head time", ".prose", ".print-only"):
        assert page.locator(shown).first.is_visible(), shown
    for hidden in (".site-search", ".masthead nav", ".neighbours", ".related", ".about"):
        assert not page.locator(hidden).first.is_visible(), hidden


def test_reading_works_without_script(visit: Callable[..., Page]) -> None:
    """Search, language and theme are plain links and forms."""
    page = visit("/?_lang=en&_theme=dark", java_script_enabled=False)
    page.locator("main input[type=search]").fill("comet")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/search?q=comet")
    assert page.locator("main article").count()
