"""Odd requests get an answer that says what is wrong; too many costly ones are told to wait."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from itertools import pairwise
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

import pytest
from conftest import ROOT, SQL, Visitor
from datasette.views.base import DatasetteError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clippings.site.guard import (
    MAX_COPIES,
    Busy,
    Gate,
    complaint,
    copies,
    gate_name,
    visitors_fault,
)

pytestmark = pytest.mark.site  # what raises and what is asked differs between Datasette's lines

VECTORS = ROOT.parent / "shared" / "vectors"
GIVEN = {200, 301, 302, 400, 403, 404, 429}
"""The statuses that a request may get."""

Answer = tuple[int, dict[bytes, bytes], bytes]


async def ask_raw(site: Visitor, address: str) -> Answer:
    """Status, headers and body for an address as it stands, which a polite client would mend."""
    path, _, query = address.partition("?")
    raw_path = quote(path, safe="/%:~\\")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    asked = False
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await site.app(scope, receive, send)
    body = b"".join(event.get("body", b"") for event in sent[1:])
    return sent[0]["status"], {key.lower(): value for key, value in sent[0]["headers"]}, body


def ask(site: Visitor, address: str) -> Answer:
    return asyncio.run(ask_raw(site, address))


def vectors(name: str) -> list[dict[str, str]]:
    if not (VECTORS / name).exists():
        pytest.skip("../shared/vectors does not stand beside this checkout")
    return [json.loads(line) for line in (VECTORS / name).read_text().splitlines()]


# ── no request gets a 500 ────────────────────────────────────────────────────────────────────

ODD = (
    "/clippings/articles?_sort=nosuch",
    "/clippings/articles?_sort=id&_sort_desc=id",
    "/clippings/articles?_facet={}",
    '/clippings/articles?_facet={"x"',
    '/clippings/articles?_facet_date={"column":7}',
    "/clippings/articles?_through=x",
    "/clippings/articles?_through=[]",
    '/clippings/articles?_through={"table":"tags","column":"nosuch","value":"雪"}',
    "/clippings/articles?_timelimit=soon",
    "/clippings/articles?_timelimit=" + "9" * 30,
    "/clippings/articles?id__in=[1,",
    "/clippings/articles?id__gt=" + "9" * 30,
    "/clippings/articles.json?_json_infinity=perhaps",
    "/clippings/articles?_where=1=",
    "/clippings/articles?" + "&".join(["a=1"] * 3000),
    "/clippings/articles?_searchmode=raw&_search=" + quote('"'),
    f"{SQL}.json?sql=select",
    "/clippings.csv",
    "/clippings/tags/1",
    "/clippings/articles/" + "9" * 30,
    "/-/static/" + "雪" * 300,
    "/static/" + "a" * 5000,
    "/" + "a/" * 3000,
    "/%00",
    "/%ff",
)


@pytest.mark.parametrize("suffix", ["", ".json"])
@pytest.mark.parametrize("address", ODD, ids=lambda address: address[:60])
def test_odd_request_is_told_what_is_wrong(site: Visitor, address: str, suffix: str) -> None:
    """What Datasette alone answers with 500, or not at all, gets 400 or 404 in its format."""
    path, mark, query = address.partition("?")
    suffix = "" if path.endswith(".json") else suffix
    status, headers, body = ask(site, path + suffix + mark + query)
    assert status in GIVEN - {200}, body[:500]
    if status < 400:
        return
    if path.startswith("/clippings/articles") and suffix:
        assert json.loads(body)["error"]
    elif not path.endswith(".json") and not suffix and status == 400:
        assert headers[b"content-type"].startswith(b"text/html") and b'name="q"' in body


def test_published_addresses_get_an_answer(site: Visitor) -> None:
    """Every address of the vectors, for our table and as it stands, gives a known status."""
    for vector in vectors("url.jsonl"):
        for database in ("/art", "/clippings"):
            address = vector["path"].replace("/art", database, 1)
            status, headers, _ = ask(site, address)
            assert status in GIVEN, address[:200]
            to = headers.get(b"location", b"/")
            assert to.startswith((b"/", b"?")) and not to.startswith((b"//", b"/\\")), address


def test_published_searches_get_an_answer(site: Visitor) -> None:
    """Every search of the vectors does, on our page, in Datasette's box, and unescaped."""
    for vector in vectors("search.jsonl"):
        words = vector["q"].encode("utf-8", "surrogatepass")
        for path, parameters in (
            ("/search", {"q": words}),
            ("/clippings/articles", {"_search": words}),
            ("/clippings/articles.json", {"_search": words, "_searchmode": "raw"}),
        ):
            status, _, body = ask(site, f"{path}?{urlencode(parameters)}")
            assert status in GIVEN, (vector["id"], body[:300])


PATHS = st.sampled_from(
    "/ /archive /sources /search /trends /undated /day/x /year/2022 /a/1 /clippings /clippings.json"
    " /clippings.csv /nosuch /-/versions /-/actor.json /-/databases /-/metadata /feed.xml"
    # of Datasette 1.0; on 0.65 nothing is there
    " /-/allowed /-/allowed.json /-/check.json /-/rules.json /-/jump.json /-/queries.json /-/api"
    " /-/schema.json /-/debug/autocomplete /clippings/-/query /clippings/-/query.json"
    " /clippings/-/query.csv /clippings/-/query.nosuch /clippings/-/query/parameters"
    " /clippings/-/queries /clippings/-/queries.json /clippings/-/queries/analyze"
    " /clippings/-/execute-write /clippings/-/schema.md /clippings/search/-/definition"
    " /clippings/search/-/edit /clippings/articles/-/autocomplete /clippings/articles/-/fragment"
    " /clippings/articles/-/schema.json /clippings/articles/1/-/fragment".split()
) | st.builds(
    "/clippings/{}{}".format,
    st.sampled_from(
        "articles placements links tags stories related diagnostics quarantine folding articles_fts"
        " articles_fts_data sqlite_master nosuch longest_reads".split()
    ),
    st.sampled_from(
        " .json .csv .md .txt .blob .jsono .nosuch /1 /1.json /1,2 /1.csv /1.md /~ /1.blob".split(
            " "
        )
    ),
)
NAMES = st.sampled_from(
    "_sort _sort_desc _sort_by_desc _facet _facet_date _facet_array _facet_size _through _where"
    " _next _size _search _searchmode _search_title _search_nosuch _col _nocol _shape _labels"
    " _label _json _json_infinity _nl _timelimit _ttl _trace _extras _nocount _filter_column"
    " _filter_op _filter_value _fts_table _fts_pk _blob_column _blob_hash _stream _dl _header"
    " _lang _theme sql id id__in id__gt title__contains title__arraycontains day__date"
    " day__nosuch id__isnull title__regexp x__ __ before after view q page sort _extra _row"
    " action parent child page_size name pk label _initial is_write source".split()
)
VALUES = (
    st.sampled_from(
        """ 1 -1 0 id title nosuch {} [] [1, {"a":1} null 1e999 NaN 99999999999999999999999 a'b a"b
        [a] ]; -- 1,2 1,2,3,4 $null,1 max on off array object objects arrayfirst {"table":"tags"}
        {"table":"tags","column":"tag","value":"x"} {"table":1,"column":[],"value":{}}
        {"column":"id"} {"column":1} {"simple":"id"} {"column":"nosuch"} 1=1 1= * raw ~2E ~ %
        markdown content ' published""".split()
    )
    | st.sampled_from(
        ["", "select 1", "select :a", "select", "select 1; select 2", "id in (select"]
    )
    | st.sampled_from(["select zeroblob(9) as title", "select :_x_y", "NEAR(a b)", "\0", "\r\n"])
    | st.text(max_size=20)
    | st.integers().map(str)
)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=3))
@example("/clippings/articles", [("_facet_array", '{"a":1}')])
@example("/clippings/articles.json", [("_sort", "")])
def test_no_parameters_make_a_500(
    site: Visitor, path: str, parameters: list[tuple[str, str]]
) -> None:
    """Whatever Datasette's and our own parameters are given, on whatever page."""
    query = urlencode([(name, text.encode("utf-8", "replace")) for name, text in parameters])
    status, _, body = ask(site, f"{path}?{query}")
    assert status in GIVEN, (path, parameters, body[:300])


# ── what is a visitor's fault ────────────────────────────────────────────────────────────────


def raised(function: Any, *arguments: Any) -> Exception:
    try:
        function(*arguments)
    except Exception as error:  # noqa: BLE001 — the test is about whichever it is
        return error
    raise AssertionError("nothing was raised")


def test_failures_of_our_own_stay_visible() -> None:
    """A defect of a plugin, a template or the disk is not put down to the visitor."""
    assert visitors_fault(raised(int, "x")) is None
    assert visitors_fault(raised(lambda: {}["x"])) is None
    assert visitors_fault(sqlite3.DatabaseError("database disk image is malformed")) is None
    assert visitors_fault(DatasetteError("no", status=403)) is None
    assert visitors_fault(DatasetteError("Cannot sort table by x")) == 400


@pytest.mark.parametrize(
    "query",
    [
        "_search=雪",
        "_facet=source&_facet=day",
        '_facet={"column":"source"}',
        "id__in=1,2",
        "id__in=[1,2]",
        "title__gt=雪",
        "_timelimit=100",
        "q=99999999999999999999999999",
        "sql=" + quote("with a as (select 1), b as (select * from a, a) select * from b, b"),
    ],
)
def test_a_sensible_request_is_no_complaint(query: str) -> None:
    """The rules know what Datasette's documentation allows."""
    assert complaint("/clippings/articles", query) is None


def doubling(levels: int, quote_mark: str = "", shuffled: bool = False) -> str:
    """WITH tables of which each is two copies of the one before."""
    names = [f"{quote_mark}t{level}{quote_mark}" for level in range(levels)]
    tables = [f"{names[0]}(x) as (select 1)"]
    for below, name in pairwise(names):
        tables.append(f"{name} as not materialized (select a.x from {below} a, {below} b)")
    return f"with {', '.join(tables[::-1] if shuffled else tables)} select * from {names[-1]}"


@pytest.mark.parametrize("levels", [20, 40, 60])
@pytest.mark.parametrize("mark", ["", '"', "`"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_tables_that_double_are_refused(levels: int, mark: str, shuffled: bool) -> None:
    """SQLite 3.40 would prepare them for hours, out of reach of every time limit."""
    assert copies(doubling(levels, mark, shuffled)) > MAX_COPIES
    assert copies(doubling(5, mark, shuffled)) <= MAX_COPIES


def test_recursion_is_no_doubling() -> None:
    """A recursive WITH names itself, and may."""
    sql = "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c"
    assert copies(sql) <= 4


@settings(deadline=None)
@given(st.text(alphabet="as with()not materialized,'\"[]`-/* ab\n", max_size=300))
def test_any_text_can_be_weighed(text: str) -> None:
    """What is not SQL is weighed too, and in bounded numbers."""
    assert 0 <= copies(text) <= MAX_COPIES + 1


# ── gates ────────────────────────────────────────────────────────────────────────────────────


def test_gate_tells_the_rest_to_come_again() -> None:
    """One inside, one waiting: the third is turned away, and room comes back with each leaving."""

    async def crowd() -> list[str]:
        gate, heard = Gate(1, 1), []

        async def visit(name: str) -> None:
            try:
                async with gate.entered():
                    await asyncio.sleep(0.01)
                    heard.append(name)
            except Busy:
                heard.append(f"{name} turned away")

        await asyncio.gather(*map(visit, "abc"))
        await visit("d")
        return heard

    assert asyncio.run(crowd()) == ["c turned away", "a", "b", "d"]


@pytest.mark.parametrize(
    ("path", "query", "gate"),
    [
        ("/", "", None),
        ("/search", "q=雪", None),
        ("/clippings/articles", "", None),
        ("/clippings/articles/1.json", "_shape=array", None),
        ("/clippings/articles", "_facet=source", "table"),
        ("/clippings/articles.csv", "_stream=1", "stream"),
        ("/clippings", "sql=select+1", "sql"),
        ("/clippings.csv", "sql=select+1", "sql"),
        ("/clippings/articles.csv", "_where=1=1&_stream=1", "sql"),
    ],
)
def test_what_costs_goes_through_a_gate(path: str, query: str, gate: str | None) -> None:
    """Pages of ours are free; what a visitor puts together is not."""
    assert gate_name(path, query, ("clippings",)) == gate


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


def test_export_is_whole(site: Visitor) -> None:
    """An export that is sent in large pieces has every row, and its end."""
    _, _, body = ask(site, "/clippings/folding.csv?_stream=1")
    (row,) = site.rows("select count(*) as rows from folding")
    assert body.count(b"\r\n") == row["rows"] + 1
    assert body.endswith(b"\n")


def test_export_ends_when_the_visitor_has_left(site: Visitor) -> None:
    """Nobody reads the rest: the export stops, and the gate is free again."""
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
        "path": "/clippings/folding.csv",
        "raw_path": b"/clippings/folding.csv",
        "query_string": b"_stream=1",
        "headers": [],
    }
    asyncio.run(site.app(scope, receive, send))
    assert [event["type"] for event in sent] == ["http.response.start"]
    assert ask(site, "/clippings/tags.csv")[0] == 200
