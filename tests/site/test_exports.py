"""Any table or search as a file: what the table page has on all its pages, never cut in silence."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import pytest
from conftest import ROOT, Visitor, listening
from datasette.plugins import pm
from pyarrow import parquet

from clippings.dataset.encoding import FORMATS, Format
from clippings.site.answers import TooSlow

FILTERS = [
    "",
    "source=示例日报",
    "_search=彗星",
    "_search=北约 OR 大桥&_sort_desc=characters",
    "characters__gt=300&_sort=published",
    "title__contains=桥&_col=title&_col=day",
    "language__in=zh-Hans,en",
    "day__isnull=1",
    "source=nobody",
]


def through_pages(site: Visitor, table: str, filters: str) -> list[dict[str, Any]]:
    """The rows of a table as its JSON gives them, three a page."""
    rows, path = [], f"/clippings/{table}.json?_size=3&_shape=objects&{filters}"
    while path:
        answer = site.get(path).json()
        rows += answer["rows"]
        path = (answer["next_url"] or "").removeprefix("http://localhost")
    return rows


@pytest.mark.parametrize("filters", FILTERS)
def test_an_export_is_all_pages_of_the_table(site: Visitor, filters: str) -> None:
    """In the same order, with the same columns; the header says how many rows there are."""
    rows = through_pages(site, "articles", filters)
    answer = site.get(f"/export/articles.jsonl?{filters}")
    assert answer.status_code == 200
    assert [json.loads(line) for line in answer.text.split("\n")[:-1]] == rows
    assert answer.headers["clippings-rows"] == str(len(rows))
    table = parquet.read_table(io.BytesIO(site.get(f"/export/articles.parquet?{filters}").content))
    assert table.column("id").to_pylist() == [row["id"] for row in rows]
    text = site.get(f"/export/articles.csv?{filters}").content.decode()
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [line["id"] for line in lines] == [str(row["id"]) for row in rows]
    assert [line["title"] for line in lines] == [row["title"] for row in rows]
    packed = site.get(f"/export/articles.zip?{filters}").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        numbers = {int(Path(name).stem.rpartition("-")[2]) for name in archive.namelist()}
    assert numbers == {row["id"] for row in rows}


@pytest.mark.parametrize(
    "table", ["placements", "links", "images", "tags", "related", "accounting"]
)
def test_every_table_can_be_exported(site: Visitor, table: str) -> None:
    """Also those with keys of several columns; as JSON Lines and as Parquet."""
    rows = through_pages(site, table, "")
    text = site.get(f"/export/{table}.jsonl").text
    assert [json.loads(line) for line in text.splitlines()] == rows
    data = site.get(f"/export/{table}.parquet").content
    assert parquet.read_table(io.BytesIO(data)).num_rows == len(rows)


def test_bytes_are_base64(tmp_path: Path, serve: Callable[..., Visitor]) -> None:
    """A file in quarantine comes out with its bytes."""
    (tmp_path / "a.md").write_text("正文")
    (tmp_path / "b.md").write_bytes(b"\x00\x01\xff" * 100)
    site = serve(tmp_path)
    (line,) = site.get("/export/quarantine.jsonl").text.splitlines()
    assert json.loads(line)["content"].startswith("AAH/AAH/")


@pytest.mark.parametrize("raw", ["source=示例日报", "source=%E7%A4%BA%23", "title__contains=a#b c"])
def test_filters_arrive_as_they_were_asked(site: Visitor, raw: str) -> None:
    """Whatever bytes an address has, also those that a polite client would have encoded."""
    path, sent = "/export/articles.jsonl", []

    async def receive() -> dict[str, str]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    scope = {"type": "http", "method": "HEAD", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": raw.encode(), "headers": [(b"host", b"localhost")], "scheme": "http"}
    asyncio.run(site.app(scope, receive, send))
    ((name, value),) = parse_qsl(raw)
    column, _, how = name.partition("__")
    test = f"instr({column}, :value)" if how else f"{column} = :value"
    (row,) = site.rows(f"select count(*) as n from articles where {test}", value=value)
    assert dict(sent[0]["headers"])[b"clippings-rows"].decode() == str(row["n"])


@pytest.mark.parametrize("ending", FORMATS)
def test_the_digest_beside_it_is_right(site: Visitor, ending: str) -> None:
    """`.sha256` gives what sha256sum says of the file, and the same number of rows."""
    path, query = f"/export/articles.{ending}", f"?_search={quote('彗星')}"
    answer, beside = site.get(path + query), site.get(f"{path}.sha256{query}")
    digest = hashlib.sha256(answer.content).hexdigest()
    assert beside.text == f"{digest}  articles.{ending}\n"
    assert beside.headers["clippings-rows"] == answer.headers["clippings-rows"] != "0"


def test_head_has_no_body(site: Visitor) -> None:
    """Only how many rows there would be."""
    answer = asyncio.run(site.datasette.client.head("/export/tags.csv"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["clippings-rows"]) > 0


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("articles.csv?_where=1=1", 400),
        ("articles.csv?_next=5", 400),
        ("articles.csv?_sort=nosuch", 400),
        ("articles.csv?_col=nosuch", 400),
        ("articles.csv?_searchmode=raw&_search=a", 400),
        ("articles.csv?_fts_table=tags&_search=a", 400),
        ("articles.csv?_filter_column=source&_filter_op=exact&_filter_value=a", 400),
        ("tags.zip", 400),
        ("tags.bib", 400),
        ("search.csv?q=a", 404),
        ("nosuch.csv", 404),
        ("articles.xlsx", 404),
    ],
)
def test_what_cannot_be_exported(site: Visitor, address: str, status: int) -> None:
    """It is refused before anything is sent."""
    assert site.get(f"/export/{address}").status_code == status


def test_what_breaks_on_the_way_breaks_the_connection(
    serve: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client is never left to take a part for the whole: the transfer does not end."""
    site = serve(ROOT / "seeds")

    def broken(columns: Any, rows: Any) -> Iterator[bytes]:
        yield b"id\r\n" * 100_000
        raise OSError("the disk is gone")

    monkeypatch.setitem(FORMATS, "csv", Format("csv", "text/csv", broken))
    with listening(site) as served:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{served}/export/articles.csv")
        assert httpx.get(f"{served}/export/tags.jsonl").status_code == 200


def test_what_takes_too_long_says_so(site: Visitor) -> None:
    """Each reading of rows has the time of a query; at the beginning that is a 503."""
    plugin = pm.get_plugin("exports.py")
    sql = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    with pytest.raises(TooSlow) as raised:
        plugin.Export(site.datasette, plugin.Selection(sql, {}, ()), FORMATS["csv"])
    assert raised.value.status == 503


def test_who_leaves_lets_the_next_one_in(site: Visitor) -> None:
    """An export that nobody reads any more gives its place and its connection back."""
    with listening(site) as served:
        for _ in range(8):
            with httpx.stream("GET", f"{served}/export/articles.jsonl") as answer:
                assert answer.status_code == 200
        assert httpx.get(f"{served}/export/tags.csv").status_code == 200


def test_the_pages_lead_to_it(site: Visitor) -> None:
    """A table's menu and a search keep their filters on the way to the file."""
    table = site.page("/clippings/articles?source=示例日报&_lang=en")
    found = [a for a in table.iter("a") if "/export/articles." in a.get("href", "")]
    assert {a.text for a in found} >= {"CSV", "BibTeX"}
    assert len(found) == len(FORMATS) and all("source=" in a.get("href") for a in found)
    search = site.page("/search?q=彗星")
    for ending in ("csv", "bib"):
        (href,) = search.xpath(f"//a[contains(@href, '/export/articles.{ending}')]/@href")
        answer = site.get(href.removeprefix("http://localhost"))
        assert answer.headers["clippings-rows"] == "4"


def test_the_csv_link_is_the_whole_table(site: Visitor) -> None:
    """On each table's page, filtered or not; where SQL narrows it Datasette's own link stays."""
    for path in ("articles?_size=3&_sort=title", "links", "articles?_search=彗星"):
        page = site.page(f"/clippings/{path}")
        (href,) = page.xpath("//p[@class='exports']/a[.='CSV']/@href")
        answer = site.get(href.removeprefix("http://localhost"))
        (row,) = site.rows(f"select count(*) as n from {path.partition('?')[0]}")
        expected = "4" if "_search" in path else str(row["n"])
        assert answer.headers["clippings-rows"] == expected
        assert len(list(csv.reader(io.StringIO(answer.text)))) == int(expected) + 1
    page = site.page("/clippings/articles?_where=id>0")
    (href,) = page.xpath("//p[@class='exports']/a[.='CSV']/@href")
    assert "/export/" not in href


def test_a_search_as_a_bibliography(site: Visitor) -> None:
    """An entry for each article that was found, with its address and the day of the export."""
    found = site.get(f"/clippings/articles.json?_shape=array&_search={quote('彗星')}").json()
    items = site.get("/export/articles.csl.json?_search=彗星").json()
    assert {item["id"] for item in items} == {f"clippings{row['id']}" for row in found}
    urls = {
        f"clippings{row['id']}": row["url"] or f"http://localhost/clippings/articles/{row['id']}"
        for row in found
    }
    assert {item["id"]: item["URL"] for item in items} == urls
    assert all(item["accessed"]["date-parts"][0][0] >= 2024 for item in items)
    ris = site.get("/export/articles.ris?_search=彗星")
    assert ris.content.count(b"ER  - \r\n") == len(found)
    assert site.get("/export/articles.bib?_search=彗星").text.count("@online{") == len(found)


def test_a_later_page_leads_to_the_whole(site: Visitor) -> None:
    """The links of a table's second page export all of its pages; SQLite's own tables have none."""
    following = site.get("/clippings/articles.json?_size=3").json()["next_url"]
    page = site.page(following.removeprefix("http://localhost").replace(".json", ""))
    (address,) = page.xpath("//a[contains(@href, '/export/articles.jsonl')]/@href")
    answer = site.get(address.removeprefix("http://localhost"))
    (row,) = site.rows("select count(*) as n from articles")
    assert answer.headers["clippings-rows"] == str(row["n"])
    assert "/export/sqlite_stat1" not in site.get("/clippings/sqlite_stat1").text
