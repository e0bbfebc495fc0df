"""Downloads that finish: by parts, resumed, in parallel, byte for byte, and never of two files."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import cast
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import ROOT, Visitor, listening, unavailable
from datasette.plugins import pm
from datasette.utils.asgi import Request

TAG = '"abc"'


@pytest.fixture(scope="module")
def plugin(site: Visitor) -> ModuleType:
    """The plugin, as Datasette has loaded it."""
    return cast(ModuleType, pm.get_plugin("downloads.py"))


@pytest.mark.parametrize(
    ("method", "headers", "selected"),
    [
        ("GET", {}, (200, 0, 100)),
        ("GET", {"range": "bytes=0-9"}, (206, 0, 10)),
        ("GET", {"range": "bytes=90-"}, (206, 90, 10)),
        ("GET", {"range": "bytes=90-1000"}, (206, 90, 10)),
        ("GET", {"range": "bytes=-7"}, (206, 93, 7)),
        ("GET", {"range": "bytes=-700"}, (206, 0, 100)),
        ("GET", {"range": "Bytes = 3 - 3"}, (206, 3, 1)),
        ("GET", {"range": "bytes=100-"}, (416,)),
        ("GET", {"range": "bytes=-0"}, (416,)),
        ("GET", {"range": "bytes=9-3"}, (200, 0, 100)),
        ("GET", {"range": "bytes=-"}, (200, 0, 100)),
        ("GET", {"range": "lines=0-9"}, (200, 0, 100)),
        ("GET", {"range": "bytes=٣-٤"}, (200, 0, 100)),
        ("GET", {"range": f"bytes=0-{'9' * 400}"}, (200, 0, 100)),
        ("GET", {"range": "bytes=0-1,5-6"}, (200, 0, 100)),
        ("HEAD", {"range": "bytes=0-9"}, (200, 0, 100)),
        ("GET", {"range": "bytes=0-9", "if-range": TAG}, (206, 0, 10)),
        ("GET", {"range": "bytes=0-9", "if-range": '"old"'}, (200, 0, 100)),
        ("GET", {"range": "bytes=0-9", "if-range": f"W/{TAG}"}, (200, 0, 100)),
        ("GET", {"range": "bytes=0-9", "if-range": "Tue, 11 Jan 2022"}, (200, 0, 100)),
        ("GET", {"if-match": '"old"'}, (412,)),
        ("GET", {"if-match": f'"old", {TAG}'}, (200, 0, 100)),
        ("GET", {"if-match": f"W/{TAG}"}, (412,)),
        ("GET", {"if-match": "*", "range": "bytes=0-9"}, (206, 0, 10)),
        ("GET", {"if-none-match": f"W/{TAG}"}, (304,)),
        ("GET", {"if-none-match": TAG, "range": "bytes=0-9"}, (304,)),
        ("HEAD", {"if-none-match": "*"}, (304,)),
    ],
)  # fmt: skip
def test_the_part_that_a_request_gets(
    method: str, headers: dict[str, str], selected: tuple[int, ...], plugin: ModuleType
) -> None:
    """RFC 9110, 13 and 14, on a file of a hundred bytes."""
    assert plugin.select(method, headers, 100, TAG) == (*selected, 0, 0)[:3]


def test_an_empty_file_has_no_parts(plugin: ModuleType) -> None:
    """It can be had whole."""
    assert plugin.select("GET", {"range": "bytes=0-"}, 0, TAG) == (416, 0, 0)
    assert plugin.select("GET", {}, 0, TAG) == (200, 0, 0)


@pytest.fixture(scope="module")
def address(released_site: Visitor) -> Iterator[str]:
    """The released site, served over loopback."""
    with listening(released_site) as served:
        yield served


PATHS = ("/clippings.db", "/downloads/clippings.db.zst", "/downloads/articles.parquet")


def file_at(folder: Path, path: str) -> bytes:
    return (folder / Path(path).name).read_bytes()


@pytest.mark.parametrize("path", PATHS)
def test_headers(address: str, release_of_seeds: Path, path: str) -> None:
    """GET and HEAD say the length, the digest and that parts can be had; a part says which."""
    whole = file_at(release_of_seeds, path)
    for method in ("GET", "HEAD"):
        answer = httpx.request(method, address + path)
        assert answer.status_code == 200
        assert answer.headers["content-length"] == str(len(whole))
        assert answer.headers["accept-ranges"] == "bytes"
        assert len(answer.headers["etag"]) == 66  # SHA-256 in hexadecimal, and quotes
        assert "transfer-encoding" not in answer.headers
        assert answer.content == (whole if method == "GET" else b"")
    part = httpx.get(address + path, headers={"range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(whole)}"
    beyond = httpx.get(address + path, headers={"range": f"bytes={len(whole)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    again = httpx.get(address + path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def fetch_some(
    address: str, path: str, begin: int, tag: str | None, wanted: int
) -> tuple[bytes, str]:
    """Take a download up at `begin` and break it off after `wanted` bytes."""
    headers = {"Range": f"bytes={begin}-"} | ({"If-Range": tag} if tag else {})
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    assert answer.status == 206
    data = answer.read(wanted)
    connection.close()
    return data, str(answer.headers["etag"])


@pytest.mark.parametrize("path", PATHS)
def test_broken_off_five_times_it_comes_out_exact(
    address: str, release_of_seeds: Path, path: str
) -> None:
    """Five times at random, and taken up each time where it was."""
    whole = file_at(release_of_seeds, path)
    draw = random.Random(path)
    stops = [*sorted(draw.sample(range(1, len(whole)), 5)), len(whole)]
    data, tag = b"", None
    for stop in stops:
        more, tag = fetch_some(address, path, len(data), tag, stop - len(data))
        data += more
    assert data == whole


def test_several_parts_at_once(address: str, release_of_seeds: Path) -> None:
    """As download managers do it, with four connections."""
    whole = file_at(release_of_seeds, "/clippings.db")
    step = -(-len(whole) // 16)

    def part(number: int) -> bytes:
        span = f"bytes={number * step}-{(number + 1) * step - 1}"
        return httpx.get(f"{address}/clippings.db", headers={"range": span}).content

    with ThreadPoolExecutor(4) as pool:
        assert b"".join(pool.map(part, range(16))) == whole


@pytest.mark.parametrize(
    "command", [["curl", "-sS", "-C", "-", "-o"], ["wget", "-q", "-c", "-O"]], ids=["curl", "wget"]
)
def test_the_programs_that_people_use(
    command: list[str], address: str, release_of_seeds: Path, tmp_path: Path
) -> None:
    """curl -C - and wget -c finish a file that was begun."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} on this machine")
    whole = file_at(release_of_seeds, "/clippings.db")
    file = tmp_path / "clippings.db"
    file.write_bytes(whole[:100_001])
    subprocess.run([*command, str(file), f"{address}/clippings.db"], check=True, timeout=60)
    assert file.read_bytes() == whole


@pytest.fixture(scope="module")
def swapped(serve: Callable[..., Visitor]) -> tuple[Visitor, Path]:
    """A site of its own whose database can be replaced."""
    visited = serve(ROOT / "seeds")
    return visited, Path(visited.datasette.get_database("clippings").path)


def replace(
    database: Path, change: str = "update articles set author = hex(randomblob(8))"
) -> bytes:
    """Put another database in the place of this one, as a build does. Gives its bytes."""
    other = database.with_name("another")
    shutil.copy(database, other)
    with closing(sqlite3.connect(other)) as db, db:
        db.execute(change)
    os.replace(other, database)
    return database.read_bytes()


def test_a_swap_while_a_file_is_sent_is_not_seen(swapped: tuple[Visitor, Path]) -> None:
    """What was begun is sent to its end as it was."""
    visited, database = swapped
    old = database.read_bytes()
    with listening(visited) as served, httpx.stream("GET", f"{served}/clippings.db") as answer:
        pieces = answer.iter_raw(1000)
        data = next(pieces)
        replace(database)
        data += b"".join(pieces)
    assert data == old


def test_a_swap_between_two_parts_is_told(swapped: tuple[Visitor, Path]) -> None:
    """If-Match gets 412, If-Range the whole new file, the lasting address 412."""
    visited, database = swapped
    tag = visited.get("/clippings.db").headers["etag"]
    lasting = f"/downloads/{tag[1:13]}/clippings.db"
    assert visited.get(lasting, headers={"range": "bytes=0-9"}).status_code == 206
    new = replace(database)
    part = {"range": "bytes=10-"}
    assert visited.get("/clippings.db", headers=part | {"if-match": tag}).status_code == 412
    answer = visited.get("/clippings.db", headers=part | {"if-range": tag})
    assert (answer.status_code, answer.content) == (200, new)
    assert visited.get(lasting, headers=part).status_code == 412


def test_the_counts_of_another_build_name_no_file(swapped: tuple[Visitor, Path]) -> None:
    """Between the two renames of a build the old digest stands beside the new database: the
    page names the file that is served all the same, at an address that gives it."""
    visited, database = swapped
    tags = []
    for _ in range(2):
        page = visited.page("/downloads")
        (address,) = page.xpath("//th/a[@download]/@href")
        answer = visited.get(urlsplit(address).path)
        assert (answer.status_code, answer.content) == (200, database.read_bytes())
        tags.append(page.xpath("string(//code[@class='digest'])"))
        assert tags[-1] == hashlib.sha256(database.read_bytes()).hexdigest()
        replace(database)
    assert tags[0] != tags[1]


def test_aria2_with_four_connections(swapped: tuple[Visitor, Path], tmp_path: Path) -> None:
    """It takes four parts at once, of a megabyte at least, and puts them together."""
    if shutil.which("aria2c") is None:
        unavailable("no aria2c on this machine (apt-get install aria2)")
    visited, database = swapped
    whole = replace(database, "create table ballast as select randomblob(9000000) as bytes")
    command = ["aria2c", "--quiet", "--split=4", "--max-connection-per-server=4"]
    command += ["--min-split-size=1M", "--dir", str(tmp_path)]
    with listening(visited) as served:
        subprocess.run([*command, f"{served}/clippings.db"], check=True, timeout=60)
    assert (tmp_path / "clippings.db").read_bytes() == whole


def test_a_file_that_was_cut_breaks_the_connection(plugin: ModuleType, tmp_path: Path) -> None:
    """Fewer bytes than were promised are no whole answer to any client."""
    file = tmp_path / "short"
    file.write_bytes(b"12345")

    async def receive() -> dict[str, str]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    request = Request(Request.fake("/").scope, receive)
    short = plugin.OpenFile("short", os.open(file, os.O_RDONLY), 9, "x")
    answer = plugin.send_file(short, request)

    async def send(event: object) -> None:
        pass

    with pytest.raises(OSError, match="ends before"):
        asyncio.run(answer.asgi_send(send))


@pytest.mark.parametrize(
    "path",
    [
        "/downloads/metadata.yml",
        "/downloads/../clippings.db",
        "/downloads/..%2Fclippings.db",
        "/downloads/%2e%2e%2fmetadata.yml",
        "/downloads/..",
        "/downloads/.",
        "/downloads/articles.parquet%00",
        "/downloads//etc/passwd",
        "/downloads/inspect-data.json",
    ],
)
def test_only_what_the_checksums_list(address: str, path: str) -> None:
    """No name leads to anything else, sent as it stands here."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.request("GET", path)
    assert connection.getresponse().status in {302, 404}
    connection.close()


def test_downloads_can_be_closed(serve: Callable[..., Visitor]) -> None:
    """Datasette's own setting closes ours too."""
    closed = serve(ROOT / "seeds", allow_download=False)
    for path in ("/clippings.db", "/downloads/clippings.db"):
        assert closed.get(path).status_code == 403
