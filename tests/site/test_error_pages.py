"""Odd requests get an answer that says what is wrong with them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

import pytest
from conftest import ROOT, SQL, Visitor
from datasette.views.base import DatasetteError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clippings.site.error_pages import client_error_status

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
    "/clippings/articles?_facet_month={}",
    "/clippings/articles?_facet_month=nosuch",
    "/clippings/articles?_through=x",
    "/clippings/articles?_through=[]",
    '/clippings/articles?_through={"table":0,"column":"tag","value":"雪"}',
    '/clippings/articles?_through={"table":"tags","column":"nosuch","value":"雪"}',
    "/clippings/articles?_timelimit=soon",
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


def test_sql_that_cannot_be_run_is_kept_for_its_author(site: Visitor) -> None:
    status, _, body = ask(site, f"{SQL}?sql=selec%20%3C&_lang=en")
    page = body.decode()
    assert status == 400
    assert "This request cannot be answered" in page, "in the reader's language"
    assert "selec &lt;</textarea>" in page, "what was typed"
    assert 'href="/trends"' in page, "the menu"


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
    """Every search of the vectors is a page in Datasette's box, and unescaped has an answer; our
    own page is in `test_search_page.py`."""
    for vector in vectors("search.jsonl"):
        words = vector["q"].encode("utf-8", "surrogatepass")
        status, _, body = ask(site, f"/clippings/articles?{urlencode({'_search': words})}")
        assert status == 200, (vector["id"], body[:300])
        raw = urlencode({"_search": words, "_searchmode": "raw"})
        status, _, body = ask(site, f"/clippings/articles.json?{raw}")
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
    "_sort _sort_desc _sort_by_desc _facet _facet_date _facet_month _facet_array _facet_size"
    " _through _where _next _size _search _searchmode _search_title _search_nosuch _col _nocol"
    " _shape _labels _label _json _json_infinity _nl _timelimit _ttl _trace _extras _nocount"
    " _filter_column _filter_op _filter_value _fts_table _fts_pk _blob_column _blob_hash"
    " _stream _dl _header _lang _theme sql id id__in id__gt title__contains"
    " title__arraycontains day__date day__nosuch id__isnull title__regexp x__ __ before after"
    " view q page sort _extra _row action parent child page_size name pk label _initial"
    " is_write source".split()
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
    assert client_error_status(raised(int, "x")) is None
    assert client_error_status(raised(lambda: {}["x"])) is None
    assert client_error_status(sqlite3.DatabaseError("database disk image is malformed")) is None
    assert client_error_status(DatasetteError("no", status=403)) is None
    assert client_error_status(DatasetteError("Cannot sort table by x")) == 400
