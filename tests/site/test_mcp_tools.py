"""The MCP server as a program meets it, by the protocol's own client over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from conftest import ROOT, Visitor, id_of, listening

pytest.importorskip("datasette_mcp", reason="the extra mcp is not installed")

from mcp.client import Client

SAMPLE = "样例彗星为什么有两条尾巴"


@pytest.fixture(scope="module")
def address(serve: Callable[..., Visitor]) -> Iterator[str]:
    """The server's address, with the life span that the protocol's server begins in."""
    served = serve(ROOT / "seeds")  # its own: on Datasette 1.0 the server's end is the site's
    with listening(served, lifespan="on") as site:
        yield f"{site}/-/mcp"


def call(address: str, tool: str, **arguments: Any) -> Any:
    """What a tool answers; its error as a string."""

    async def ask() -> Any:
        async with Client(address) as client:
            answer = await client.call_tool(tool, arguments)
        text = answer.content[0].text
        return text if answer.is_error else json.loads(text)

    return asyncio.run(ask())


def test_tools_are_read_only_and_explained(address: str) -> None:
    """Each says what it does; the search explains its language."""

    async def ask() -> Any:
        async with Client(address) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in asyncio.run(ask())}
    ours = {"search", "read", "trends", "concordance", "near_duplicates", "cite"}
    assert ours <= set(tools)
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools.values())
    assert "OR" in tools["search"].description


def test_a_question_from_search_to_citation(address: str, site: Visitor) -> None:
    """What a program does: search, read, lines, trend, cite."""
    found = call(address, "search", query="彗星 source:样例科技", limit=1)
    assert found["total"] == 2
    assert [row["source"] for row in found["found"]] == ["样例科技"]
    key = id_of(site, SAMPLE)
    article = call(address, "read", id=key)
    assert (article["title"], article["page"], article["pages"]) == (SAMPLE, 1, 1)
    lines = call(address, "concordance", query="彗星", order="right")
    page = site.page("/concordance?q=彗星&sort=right").xpath("//ol[@class='concordance']/li")
    assert lines["occurrences"] == len(lines["lines"]) == len(page)
    assert sum(call(address, "trends", terms=["彗星"], by="year")["terms"]["彗星"]) > 0
    assert SAMPLE in call(address, "cite", id=key)["citation"]
    (story,) = site.rows("select article from stories limit 1")
    assert len(call(address, "near_duplicates", id=story["article"])["articles"]) > 1
    assert "no article 1" in call(address, "read", id=1)
    assert "'month'" in call(address, "trends", terms=["彗星"], by="week")


def test_its_sql_is_a_strangers(address: str) -> None:
    """SQL without an end is stopped at the site's limit, and nothing is written."""
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select sum(i) from n"
    assert "time limit" in call(address, "execute_sql", database="clippings", sql=endless)
    written = call(address, "execute_sql", database="clippings", sql="delete from articles")
    assert isinstance(written, str)
    step = "select printf('%.*c', 900000000, 'x')"
    assert isinstance(call(address, "execute_sql", database="clippings", sql=step), str)


def test_only_posts_are_answered(address: str) -> None:
    """A stream that is held open would hold a place that others wait for."""
    assert httpx.get(address, headers={"accept": "text/event-stream"}).status_code == 405
