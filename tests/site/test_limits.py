"""Costly requests take their turn, and too many are told to come again."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from conftest import SQL, Visitor
from test_error_pages import Answer, ask, ask_raw

from clippings.site.answers import in_turns
from clippings.site.limits import MAX_VALUE, PAUSE, ConcurrencyLimit, TooManyRequests, cost_of
from clippings.site.middleware import Middleware


def test_limit_tells_the_rest_to_come_again() -> None:
    """One inside, one waiting: the third is turned away, and room comes back with each leaving."""

    async def crowd() -> list[str]:
        limit, heard = ConcurrencyLimit(1, 1), []

        async def visit(name: str) -> None:
            try:
                async with limit.entered():
                    await asyncio.sleep(0.01)
                    heard.append(name)
            except TooManyRequests:
                heard.append(f"{name} turned away")

        await asyncio.gather(*map(visit, "abc"))
        await visit("d")
        return heard

    assert asyncio.run(crowd()) == ["c turned away", "a", "b", "d"]


@pytest.mark.parametrize(
    ("path", "query", "cost"),
    [
        ("/", "", "free"),
        ("/search", "q=雪", "heavy"),
        ("/search.atom", "q=雪", "heavy"),
        ("/trends", "", "heavy"),
        ("/sitemap-1.xml", "", "heavy"),
        ("/export/articles.csv", "_search=a", "stream"),
        ("/static/app.css", "", "free"),
        ("/-/mcp", "", "other"),
        ("/clippings", "", "free"),
        ("/clippings/articles", "", "free"),
        ("/clippings/articles/1.json", "_shape=array", "free"),
        ("/clippings/articles", "_facet=source", "table"),
        ("/clippings/articles", f"title__like={'%25' * MAX_VALUE}%25", "sql"),
        ("/clippings/articles", "_search=a&_searchmode=raw&_searchmode=x", "sql"),
        ("/clippings/articles.csv", "", "table"),
        ("/clippings", "sql=select+1", "sql"),
        ("/clippings.csv", "sql=select+1", "sql"),
        ("/clippings/-/query", "", "sql"),
        ("/clippings/longest_reads", "", "sql"),
        ("/clippings/articles.csv", "_where=1=1", "sql"),
    ],
)
def test_every_address_has_a_cost(site: Visitor, path: str, query: str, cost: str) -> None:
    """Pages say what they cost; what a stranger composes is sql, wherever it is asked."""
    parameters = parse_qsl(query, keep_blank_values=True)
    assert cost_of(path, parameters, {"articles"}) == cost


SLOW = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"


def test_crowd_of_queries_is_turned_away_and_the_site_goes_on(site: Visitor) -> None:
    """Of 20 endless queries at once a few run into the time limit and the others get 429 with
    Retry-After; meanwhile pages answer."""

    async def crowd() -> tuple[list[Answer], list[Answer]]:
        address = SQL + "{}?" + urlencode({"sql": SLOW, "_timelimit": "200"})
        queries = [
            asyncio.ensure_future(ask_raw(site, address.format(suffix)))
            for suffix in ("", ".json") * 10
        ]
        await asyncio.sleep(0)
        pages = [await ask_raw(site, path) for path in ("/", "/search?q=雪", "/archive")]
        return list(await asyncio.gather(*queries)), pages

    queries, pages = asyncio.run(crowd())
    assert [status for status, _, _ in pages] == [200, 200, 200]
    assert {status for status, _, _ in queries} == {400, 429}
    away = [headers for status, headers, _ in queries if status == 429]
    assert len(away) == 15 and all(int(headers[b"retry-after"]) > 0 for headers in away)


def test_refusals_are_told_after_a_pause(site: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once each, also of what could be kept, so that nobody asks on at once; of more than may wait
    for theirs, the rest hear it at once."""
    ours = site.app
    while not isinstance(ours, Middleware):  # Datasette 1.0 has two of its own around it
        ours = getattr(ours, "app", None) or ours.asgi
    monkeypatch.setattr(ours, "_pausing", ConcurrencyLimit(2, 0))
    monkeypatch.setitem(ours._limits, "heavy", ConcurrencyLimit(1, 0))

    async def visit(number: int) -> tuple[int, float]:
        began = time.monotonic()
        status, _, _ = await ask_raw(site, f"/search?q=nobody{number}")
        return status, time.monotonic() - began

    async def crowd() -> list[tuple[int, float]]:
        async with ours._limits["heavy"].entered():
            return await asyncio.gather(*map(visit, range(4)))

    answers = asyncio.run(crowd())
    assert [status for status, _ in answers] == [429] * 4
    assert sorted(seconds // PAUSE for _, seconds in answers) == [0, 0, 1, 1]


def test_crowd_of_readers_who_search_is_served(site: Visitor) -> None:
    """Fifty at once wait in line; nobody is turned away."""

    async def crowd() -> list[Answer]:
        asked = (f"/search?q=雪+word{number}" for number in range(50))
        return await asyncio.gather(*(ask_raw(site, address) for address in asked))

    assert {status for status, _, _ in asyncio.run(crowd())} == {200}


def test_long_pages_let_others_be_answered() -> None:
    """Between two rows of a template's loop."""
    seen: list[str] = []

    async def rows() -> None:
        async for row in in_turns("ab"):
            seen.append(row)

    async def others() -> None:
        seen.append("other")

    async def both() -> None:
        await asyncio.gather(rows(), others())

    asyncio.run(both())
    assert seen == ["a", "other", "b"]


def test_threads_give_way_soon(site: Visitor) -> None:
    """A search in its thread, ten times as soon as Python has it."""
    site.get("/")
    assert sys.getswitchinterval() <= 0.0005


def test_export_is_whole(site: Visitor) -> None:
    """However many pieces, it has every row, and its end."""
    _, _, body = ask(site, "/export/folding.csv")
    (row,) = site.rows("select count(*) as rows from folding")
    assert body.count(b"\r\n") == row["rows"] + 1
    assert body.endswith(b"\n")


def test_export_ends_when_the_visitor_has_left(site: Visitor) -> None:
    """Nobody reads the rest: the export stops, and the limit has room again."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)
        await asyncio.sleep(0)

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/export/folding.csv",
        "raw_path": b"/export/folding.csv",
        "query_string": b"",
        "headers": [],
    }
    asyncio.run(site.app(scope, receive, send))
    assert sum(len(event.get("body", b"")) for event in sent) < 100_000
    assert ask(site, "/export/tags.csv")[0] == 200
