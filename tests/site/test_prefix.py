"""The whole site below a prefix, as behind a proxy that passes on /archive/ and nothing else.

Every address that any answer gives, in markup, JSON, feeds, headers or plain text, is below the
prefix; one of each kind (a table has endless views of itself) is followed, and something is there.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest
from conftest import ROOT, SQL, Visitor, chromium, listening, with_release
from datasette.utils import StartupError
from lxml import etree, html

if TYPE_CHECKING:
    from playwright.sync_api import Route

PREFIX = "/archive/"
SITE = f"http://news.example{PREFIX}"
BEGIN = """
    robots.txt llms.txt sitemap.xml search?q=%E9%9B%AA trends?q=%E9%9B%AA,%E9%9B%A8
    clippings/articles?_search=%E9%9B%AA clippings/articles.json?_size=2&_shape=objects
    clippings?sql=select+1 nothing clippings/nothing SQL.json?sql=select+nope sources/
    export/articles.csv.sha256 favicon.ico
""".replace("SQL", SQL[1:]).split()
# Datasette 1.0 itself leads to the last.
IS_WRONG = re.compile(r"nothing|select\+nope|/-/query\.json(\?_|$)|/-/mcp$")
IS_FORM = re.compile(r"\bID\b|=(QUERY|TERM|SELECT)\b|/(section|source|feed|tag)/$")
"""What cannot answer: asked for as such, only posted to; to be filled in (llms.txt); names."""


@pytest.fixture(scope="module")
def below(serve: Callable[..., Visitor]) -> Visitor:
    """The site of seeds/ below the prefix, with a release."""
    return with_release(serve(ROOT / "seeds", base_url=PREFIX))


def proxied(app: Any) -> Any:
    """What a proxy that has the site below the prefix passes on: some keep the prefix, some cut
    it off, so every second request is one, every other the other."""
    numbers = count()

    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        assert scope["path"].startswith(PREFIX), f"{scope['path']} is not ours"
        if next(numbers) % 2:
            cut = {name: scope[name][len(PREFIX) - 1 :] for name in ("path", "raw_path")}
            scope = {**scope, **cut}
        await app(scope, receive, send)

    return proxy


def addresses(answer: httpx.Response) -> Iterator[str]:
    """What an answer leads to on its own host, absolute and without fragments."""
    kind = answer.headers.get("content-type", "")
    given = [
        answer.headers.get("location", ""),
        *re.findall(r"<([^>]+)>", answer.headers.get("link", "")),
    ]
    if kind.startswith("text/html") and answer.content:
        given += html.fromstring(answer.text).xpath("//@href | //@src | //@action | //@poster")
    elif "xml" in kind and "svg" not in kind:
        given += etree.fromstring(answer.content).xpath("//@href | //@xmlUrl | //@htmlUrl | //@src")
    elif "css" in kind:
        given += re.findall(r"url\([\"']?([^)\"'#:]+)[\"')]", answer.text)
    host = SITE.removesuffix(PREFIX)
    text = unescape(answer.text) if "ml" in kind else answer.text
    given += re.findall(rf"{host}[^\s\"'<>(){{}}`\\]*", text)
    for each in filter(None, given):
        found = urljoin(str(answer.url), each).partition("#")[0]
        if found.startswith(f"{host}/"):
            yield found


def kind_of(address: str) -> tuple[Any, ...]:
    """What addresses of one kind share: where they are, how deep, of what ending, asked how; of
    articles only, for a table is narrowed and sorted as another is, and by any of its columns."""
    parts = urlsplit(address)
    first, *rest = parts.path.removeprefix(PREFIX).split("/")
    second = rest[0] if rest and first in ("clippings", "export", "downloads") else None
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if first in ("clippings", "export") and second:
        is_articles = second.partition(".")[0] == "articles"
        names = {name if name[0] == "_" else "column" for name in names if is_articles}
    return first, second, len(rest), PurePosixPath(parts.path).suffix, frozenset(names)


async def crawl(app: Any) -> Counter[int]:
    """Ask for what the site leads to. Gives how often which status came."""
    todo = [SITE, *(SITE + path for path in BEGIN)]
    kinds, statuses = set(map(kind_of, todo)), Counter[int]()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        for address in todo:
            answer = await client.get(address)
            statuses[answer.status_code] += 1
            assert (answer.status_code >= 400) == bool(IS_WRONG.search(address)), address
            for found in addresses(answer):
                assert found.startswith(SITE), (address, found)
                kind = kind_of(found)
                if not (kind in kinds or len(kind[-1]) > 1 or IS_FORM.search(found)):
                    kinds.add(kind)
                    todo.append(found)
    return statuses


def test_every_address_is_below_the_prefix(below: Visitor) -> None:
    """Whatever leads on from the home page, and whether the proxy cuts the prefix off or not."""
    statuses = asyncio.run(crawl(proxied(below.datasette.app())))
    assert statuses[200] > 300 and statuses[302] > 1


def test_choices_are_kept_for_the_site_only(below: Visitor, site: Visitor) -> None:
    """The cookies of language and theme go to no other site of the host."""
    for visited, path in ((below, PREFIX), (site, "/")):
        assert f"; Path={path};" in visited.get("/?_lang=en").headers["set-cookie"]


@pytest.mark.parametrize("prefix", ["/archive", "archive/", "/a b/", "/clippings/", "/source/"])
def test_prefix_that_cannot_work_is_refused(serve: Callable[..., Visitor], prefix: str) -> None:
    """The site says so when it starts, and does not serve links that lead nowhere."""
    with pytest.raises(StartupError, match="base_url"):
        serve(ROOT / "seeds", base_url=prefix)


def test_search_and_theme_in_a_browser(below: Visitor) -> None:
    """Search box, dark theme, an article: nothing is fetched from beside the prefix."""
    outside = []
    with listening(below) as address, chromium() as browser:

        def look(route: Route) -> None:
            if not route.request.url.startswith(address + PREFIX):
                outside.append(route.request.url)
            route.continue_() if route.request.url.startswith(address) else route.abort()

        page = browser.new_page(locale="zh-CN")
        page.route("**", look)
        page.goto(address + PREFIX)
        page.locator("main input[name=q]").fill("斜拉索")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{PREFIX}search?q=*")
        page.locator("summary[aria-label='明暗']").click()
        page.locator("[data-choose-theme=dark]").click()
        page.locator("main article a, main .result a").filter(has_text="斜拉索").first.click()
        page.wait_for_url(f"**{PREFIX}clippings/articles/*")
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert "斜拉索" in page.locator("h1").inner_text()
    assert not [url for url in outside if url.startswith(address)]
