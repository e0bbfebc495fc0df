"""What only a browser shows: the keyboard, the width of a phone, dead pictures, contrast.

Driven by Playwright in a Chromium that is already installed; skipped where there is none, unless
the environment variable CI is set: there a missing browser is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SQL, Visitor, chromium, listening, unavailable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SAMPLE = 385025375454797
WITH_CODE = 5287655458815899
WITH_TABLE = 7597065525183063
PHONE = {"width": 390, "height": 844}
PAGES = (
    "/",
    "/archive",
    "/sources",
    "/about",
    "/year/2022?view=list",
    "/month/2022-01",
    "/day/2022-01-11",
    "/source/示例日报",
    f"/clippings/articles/{SAMPLE}",
    f"/clippings/articles/{WITH_CODE}",
    f"/clippings/articles/{WITH_TABLE}",
    "/search?q=江城二桥",
    "/trends?q=彗星,江城二桥",
    "/nothing",
    "/clippings",
    "/clippings/articles",
    "/clippings/longest_reads",
    "/clippings/articles_of_a_source?source=示例日报&first_day=2022-01-01&last_day=",
    f"{SQL}?sql=select nope",
)
BAD = {"serious", "critical"}


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    """A Chromium that speaks to nobody but the site (which has to be up before: while Playwright
    runs, its event loop is the thread's)."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(site: Visitor) -> Iterator[str]:
    """The address at which the site of seeds/ is served meanwhile."""
    with listening(site) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a path of the site in a window of its own; no other site is reached."""
    contexts: list[BrowserContext] = []

    def open_path(path: str, **options: Any) -> Page:
        context = browser.new_context(
            **{"locale": "zh-CN", "base_url": address, "viewport": PHONE, **options}
        )
        contexts.append(context)
        context.route(lambda url: not url.startswith(address), lambda route: route.abort("failed"))
        page = context.new_page()
        page.goto(path)
        return page

    yield open_path
    for context in contexts:
        context.close()


def test_from_home_to_an_article_by_keyboard(visit: Callable[..., Page]) -> None:
    """`/`, a word in Chinese, Enter, and on to an article: no mouse, and no table on the way."""
    page = visit("/")
    page.keyboard.press("/")
    page.keyboard.insert_text("斜拉索")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    assert not page.locator("main table").count()
    page.locator("main article a, main .result a").filter(has_text="斜拉索").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/clippings/articles/*")
    assert "斜拉索" in page.locator("h1").inner_text()
    assert not page.locator("main table").count()


def test_search_within_a_source_and_a_month(visit: Callable[..., Page]) -> None:
    """A search narrowed to a source and a month shows only what belongs there."""
    page = visit("/search?q=江城二桥 source:示例日报 date:2022-01")
    found = page.locator("main article")
    assert found.count()
    for text in found.all_inner_texts():
        assert "示例日报" in text and "2022年1月" in text


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
    box = hit.bounding_box()
    assert 0 <= box["y"] < PHONE["height"]


def test_what_one_types_is_completed(visit: Callable[..., Page]) -> None:
    """Titles and sources that begin so are offered in the list of the box."""
    page = visit("/search")
    page.locator("main input[type=search]").press_sequentially("样例")
    page.wait_for_selector("#suggestions option", state="attached")
    assert "样例科技" in page.locator("#suggestions option").evaluate_all(
        "options => options.map(option => option.value)"
    )


def test_article_of_a_day_without_search(visit: Callable[..., Page]) -> None:
    """By date alone, on a phone: archive, month, day, article."""
    page = visit("/")
    page.get_by_role("navigation").get_by_role("link", name="按日期").click()
    page.locator("main a[href='/month/2022-01']").click()
    page.locator("main td a[href='/day/2022-01-11']").click()
    page.get_by_role("link", name="今夜到明天：阴转小雪").click()
    assert page.locator("h1").inner_text() == "今夜到明天：阴转小雪"


def test_skip_link_comes_first(visit: Callable[..., Page]) -> None:
    """The first Tab shows the way past the menu, and it goes there."""
    page = visit(f"/clippings/articles/{SAMPLE}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_focus_is_seen(visit: Callable[..., Page]) -> None:
    """Whatever the keyboard reaches on the home page has an outline."""
    page = visit("/", viewport={"width": 1280, "height": 900})
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


def test_dark_by_device_and_by_switch(visit: Callable[..., Page]) -> None:
    """A dark device gets a dark page; the switch wins over it, and is kept."""
    light = "getComputedStyle(document.body).backgroundColor"
    page = visit("/", color_scheme="dark")
    dark = page.evaluate(light)
    page.locator("summary[aria-label='明暗']").click()
    page.get_by_role("link", name="浅色").click()
    assert page.evaluate(light) != dark
    page.wait_for_url(lambda url: "_theme" not in url)
    page.goto("/archive")
    assert page.evaluate(light) != dark


def test_language_switch_is_kept(visit: Callable[..., Page]) -> None:
    """The switch leads to the same page in English, and the next page is English too."""
    page = visit("/archive")
    page.locator("summary[aria-label='语言']").click()
    page.get_by_role("link", name="English").click()
    assert page.locator("h1").inner_text() == "By date"
    page.goto("/sources")
    assert page.locator("h1").inner_text() == "Sources"


def test_dead_pictures_leave_a_note(visit: Callable[..., Page]) -> None:
    """Where pictures are gone, the article says so and keeps its form."""
    page = visit(f"/clippings/articles/{SAMPLE}")
    page.mouse.wheel(0, 20_000)
    page.locator(".gone").first.wait_for()
    assert "图片已不在原处" in page.locator(".gone").first.inner_text()


@pytest.mark.parametrize("path", PAGES)
def test_phone_needs_no_sideways_scrolling(visit: Callable[..., Page], path: str) -> None:
    """At 390 px no page is wider than the window, and text is not too small to read."""
    page = visit(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


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


def test_table_on_a_phone_begins_with_its_rows(visit: Callable[..., Page]) -> None:
    """The first row is on the first screen; facets come after the rows, and can be jumped to."""
    page = visit("/clippings/articles")
    assert page.locator("tbody tr").first.bounding_box()["y"] < PHONE["height"]
    assert page.locator("aside").bounding_box()["y"] > PHONE["height"]
    page.get_by_text("缩小表格的范围").first.click()
    page.wait_for_url("**#facets")
    assert page.locator("aside").bounding_box()["y"] < PHONE["height"]
    assert not page.locator("tbody td:empty").first.is_visible()


def test_table_is_filtered_and_counted_by_keyboard(visit: Callable[..., Page]) -> None:
    """Without a mouse: open the filters, choose a column to count by, and apply."""
    page = visit("/clippings/articles", viewport={"width": 1280, "height": 900})
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
    page = visit("/", viewport={"width": 1280, "height": 900})
    page.locator(".card .thumb").first.click(force=True)  # the title lies over it
    page.wait_for_url("**/clippings/articles/*")
    page.go_back()
    page.locator(".card .byline a").first.click()
    page.wait_for_url("**/source/*")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Callable[..., Page], path: str, theme: str) -> None:
    """No serious or critical violation of axe-core's rules on any page, in either theme."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        unavailable("axe-playwright-python is not installed")
    page = visit(path, color_scheme=theme, viewport={"width": 1280, "height": 900})
    found = Axe().run(page).response["violations"]
    bad = [
        (rule["id"], [node["html"][:200] for node in rule["nodes"][:3]])
        for rule in found
        if rule["impact"] in BAD
    ]
    assert not bad


def test_citation_can_be_copied(visit: Callable[..., Page]) -> None:
    """The button under a citation puts it on the clipboard and says so."""
    page = visit(f"/clippings/articles/{SAMPLE}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("引用", exact=True).click()
    page.get_by_role("button", name="复制").first.click()
    page.get_by_role("button", name="已复制").wait_for()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == page.locator("p.quotable").inner_text()


def test_print_leaves_out_what_cannot_be_clicked(visit: Callable[..., Page]) -> None:
    """On paper there is the article, not the menus around it."""
    page = visit(f"/clippings/articles/{SAMPLE}")
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert not page.locator(".site-search").is_visible()
    assert not page.locator(".neighbours").is_visible()


def test_reading_works_without_script(visit: Callable[..., Page]) -> None:
    """Search, language and theme are plain links and forms."""
    page = visit("/?_lang=en&_theme=dark", java_script_enabled=False)
    page.locator("main input[type=search]").fill("comet")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/search?q=comet")
    assert page.locator("main article").count()
