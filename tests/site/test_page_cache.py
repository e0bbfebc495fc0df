"""Whole pages are kept for the next visitor, and only what may be anyone's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from conftest import ROOT, SQL, Visitor

from clippings.site.asgi import Receive, Scope, Send
from clippings.site.page_cache import (
    PAGE,
    KeptPage,
    PageCache,
    is_cacheable,
    make_page,
    takes_gzip,
)

KEPT = (
    "/",
    "/search?q=雪",
    "/clippings",
    "/clippings/articles",
    "/clippings/articles.json",
    "/clippings/articles?_facet=source",
    "/feed.atom",
    "/sitemap.xml",
    "/robots.txt",
)
NOT_KEPT = (
    f"{SQL}?sql=select+random()",
    f"{SQL}.json?sql=select+1",
    "/clippings/articles?_where=random()>0",
    "/clippings/articles?_search=雪&_searchmode=raw",
    "/clippings/articles.csv",
    "/clippings/longest_reads",
    "/clippings.db",
    "/-/versions.json",
    "/trends.csv?q=雪",
    "/?_lang=en",
    "/?_theme=dark",
    "/nowhere",
    "/clippings/articles?_sort=nosuch",
)
TABLES = {"articles"}


def is_kept(response: httpx.Response) -> bool:
    """Whether an answer says that others may keep it, as the cache does itself."""
    return "public" in response.headers.get("cache-control", "")


@pytest.mark.parametrize("path", KEPT)
def test_pages_are_kept(site: Visitor, path: str) -> None:
    """A page says how long it is good, on what it depends, and is known again by its ETag."""
    answer = site.get(path)
    assert (answer.status_code, is_kept(answer)) == (200, True)
    assert answer.headers["content-encoding"] == "gzip"
    varies = {name.strip().lower() for name in answer.headers["vary"].split(",")}
    assert {"accept-encoding", "accept-language", "cookie"} <= varies
    assert len(answer.headers.get_list("vary")) == len(answer.headers.get_list("etag")) == 1
    again = site.get(path, headers={"if-none-match": f'"other", {answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize("path", NOT_KEPT)
def test_what_may_differ_is_not_kept(site: Visitor, path: str) -> None:
    """SQL, exports, choices, what Datasette says of itself, and what went wrong."""
    answer = site.get(path)
    assert not is_kept(answer)
    assert not answer.headers.get("etag", "").startswith("W/")


def test_random_is_random(site: Visitor) -> None:
    """SQL that asks for chance gets it each time."""
    asked = f"{SQL}.json?sql=select+hex(randomblob(16))+as+r&_shape=array"
    assert site.get(asked).json() != site.get(asked).json()


def test_post_is_not_kept(site: Visitor) -> None:
    """Only who asks to read gets a kept page."""
    answer = asyncio.run(site.datasette.client.post("/clippings/articles"))
    assert answer.status_code == 405 or not is_kept(answer)


@pytest.mark.parametrize("accepted", ["gzip, br", "identity", "gzip;q=0", "*"])
def test_encodings_say_the_same(site: Visitor, accepted: str) -> None:
    """Who can unpack gzip gets it; who cannot gets the same page as it is."""
    plain = site.get("/about", headers={"accept-encoding": "identity"})
    answer = site.get("/about", headers={"accept-encoding": accepted})
    assert answer.text == plain.text
    assert answer.headers.get("content-encoding") == (
        "gzip" if takes_gzip({"headers": [(b"accept-encoding", accepted.encode())]}) else None
    )


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("*", True),
        ("x-notgzipped", False),
    ],
)
def test_who_takes_gzip(accepted: str, takes: bool) -> None:
    """Accept-Encoding is read as RFC 9110 has it."""
    assert takes_gzip({"headers": [(b"accept-encoding", accepted.encode())]}) is takes


@pytest.mark.parametrize("path", ["/", "/clippings/articles", "/clippings/articles.json"])
def test_head_is_get_without_a_body(site: Visitor, path: str) -> None:
    """HEAD has the headers of GET and nothing else."""
    get = site.get(path)
    head = asyncio.run(site.datasette.client.head(path))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


def test_readers_do_not_get_each_others_page(site: Visitor) -> None:
    """Language and theme are a reader's own, by cookie or by header; other cookies are nothing."""
    pages = {
        (language, theme): site.get(
            "/about", headers={"cookie": f"clippings_lang={language}; clippings_theme={theme}"}
        )
        for language in ("zh-Hans", "zh-Hant", "en")
        for theme in ("light", "dark")
    }
    assert len({page.text for page in pages.values()}) == len(pages)
    assert len({page.headers["etag"] for page in pages.values()}) == len(pages)
    english = site.get("/about", headers={"accept-language": "en", "cookie": "_ga=1"})
    assert 'lang="en"' in english.text
    assert is_kept(english) and "_ga" not in english.text


def test_somebody_known_gets_a_page_of_their_own(site: Visitor) -> None:
    """Who is signed in, or has a message waiting, is asked for anew and kept nowhere."""
    cookie = f"ds_actor={site.datasette.sign({'a': {'id': 'root'}}, 'actor')}"
    answer = site.get("/about", headers={"cookie": cookie})
    assert "no-store" in answer.headers["cache-control"]
    for headers in ({"cookie": "ds_messages=x"}, {"authorization": "Bearer x"}):
        assert not is_kept(site.get("/about", headers=headers))


def test_addresses_are_of_the_host(site: Visitor) -> None:
    """A page made under another name is not served under this one: it may hold its own address."""
    assert "//evil.example/" in site.get("/feed.atom", headers={"host": "evil.example"}).text
    assert "evil.example" not in site.get("/feed.atom").text


def test_under_a_prefix(serve: Callable[..., Visitor]) -> None:
    """The same below a base_url."""
    site = serve(ROOT / "seeds", base_url="/archive/of/")
    for path in ("/", "/clippings/articles?_facet=source"):
        answer = site.get(path)
        assert (answer.status_code, is_kept(answer)) == (200, True)
        assert "/archive/of/" in str(answer.url) and "/archive/of/" in answer.text
    assert not is_kept(site.get(f"{SQL}?sql=select+1"))


def test_files_with_a_fingerprint_are_good_for_ever(site: Visitor) -> None:
    """A style sheet under the address that pages give is kept for a year; without, not at all."""
    (sheet, *_) = site.page("/").xpath("//link[@rel='stylesheet'][contains(@href, '/static/')]")
    path = sheet.get("href").removeprefix("http://localhost")
    assert "immutable" in site.get(path).headers["cache-control"]
    assert not is_kept(site.get(path.partition("?")[0]))


def page_of(size: int) -> KeptPage:
    return KeptPage([(b"etag", b"x")], b"x" * size)


def test_cache_is_bounded_in_bytes() -> None:
    """However many and however large: the weight stays below the room, the last asked for stay."""
    cache = PageCache(room=100_000)
    made: Counter[bytes] = Counter()

    async def ask(number: int) -> None:
        key = b"%d" % number

        async def make() -> KeptPage:
            made[key] += 1
            return page_of(number % 7000)

        await cache.get(key, make)

    async def visit() -> None:
        for number in range(2000):
            await ask(number)
            await ask(0)
            assert 0 < cache.weight <= 100_000
        await ask(1999)

    asyncio.run(visit())
    assert made[b"0"] == made[b"1999"] == 1
    asyncio.run(ask(5))
    assert made[b"5"] == 2


def test_many_who_ask_at_once_wait_for_one() -> None:
    """A page is made once for a crowd, even when the first of them leaves; a failure is kept
    for nobody."""
    cache = PageCache()
    made = 0

    async def make() -> KeptPage:
        nonlocal made
        made += 1
        await asyncio.sleep(0.01)
        if made == 1:
            raise OSError("the disk")
        return page_of(10)

    async def visit() -> None:
        failed = await asyncio.gather(
            *(cache.get(b"a", make) for _ in range(20)), return_exceptions=True
        )
        assert made == 1 and all(isinstance(each, OSError) for each in failed)
        crowd = [asyncio.ensure_future(cache.get(b"a", make)) for _ in range(50)]
        await asyncio.sleep(0)
        crowd[0].cancel()
        answers = await asyncio.gather(*crowd[1:])
        assert made == 2 and all(each is answers[0] for each in answers)

    asyncio.run(visit())


def test_kept_page_is_what_is_made(site: Visitor) -> None:
    """Over one connection to the site: the second answer is the first, byte for byte."""

    async def visit() -> None:
        transport = httpx.ASGITransport(site.datasette.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            first, second = [await client.get("/archive") for _ in range(2)]
            assert first.content == second.content and first.headers == second.headers

    asyncio.run(visit())
    assert site.datasette.get_database("clippings").pages.weight > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"cache-control", b"private, no-store"), (b"set-cookie", b"a=b"), (b"content-type", b"a/b")],
)
def test_what_says_so_is_not_kept(name: bytes, value: bytes) -> None:
    """A page that is somebody's own, or no text, is not kept."""
    headers = {b"content-type": b"text/html", name: value}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": list(headers.items())}
        await send(start)
        await send({"type": "http.response.body", "body": b"page"})

    scope = {"query_string": b"", "headers": []}
    assert asyncio.run(make_page(app, scope, b"tag", PAGE)) is None


def test_what_is_cacheable() -> None:
    """The decision by literals: method, path and parameters."""

    def asks(path: str, query: bytes = b"", method: str = "GET") -> bool:
        scope = {"method": method, "path": path, "query_string": query, "headers": []}
        return is_cacheable(scope, path, TABLES)

    assert asks("/clippings/articles/12.json", b"_shape=array")
    assert asks("/clippings/articles.json", method="HEAD")
    assert not asks("/clippings/articles", b"%73ql=1")
    assert not asks("/clippings/nosuch")
    assert not asks("/", method="POST")
    assert not asks("/static/app.css", b"v=1")
    assert not asks("/-/page-of-another-plugin")
