"""A running site takes up a new database: nothing fails, nothing is mixed, nothing is left open."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT, SQL, Visitor
from datasette.inspect import inspect_hash

from clippings.build.executors import mapper
from clippings.build.pipeline import build
from clippings.site import live_database as of_site
from clippings.site.dataset import description

SWAPS = 200 if os.environ.get("CLIPPINGS_SOAK") else 20
READERS = 8
MARK = "edition{:04}"
"""The name that everything of an edition bears; all are of one length, so files are of one size."""


def edition_of(folder: Path, number: int) -> Path:
    """A database of thirty articles, all of whose names say of which edition they are."""
    source, mark = folder / f"articles-{number}", MARK.format(number)
    source.mkdir(parents=True)
    for name in range(30):
        header = f"---\ntitle: '{mark} {name}'\ncategories: [{mark}, {mark}]\n"
        text = f"{header}date: 2022-01-11\n---\n{mark}：桥通车了。\n"
        (source / f"{name}.md").write_text(text)
    target = folder / f"{number}.db"
    build((source,), target, mapper(1), 1.0, lambda done, total: None)
    return target


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four databases of the same size with other contents."""
    folder = tmp_path_factory.mktemp("editions")
    return [edition_of(folder, number) for number in range(4)]


@pytest.fixture
def live(serve: Callable[..., Visitor], editions: list[Path]) -> Iterator[Visitor]:
    """The site of a database that is replaced."""
    site = serve(ROOT / "seeds")
    put(editions[0], site)
    asyncio.run(site.datasette.get_database("clippings").refresh())
    yield site
    site.datasette.get_database("clippings").close()


def put(edition: Path, site: Visitor) -> None:
    """Put a copy of a database in the place of the one that is served, as a build does."""
    target = Path(site.datasette.get_database("clippings").path)
    draft = target.with_name("draft")
    shutil.copyfile(edition, draft)
    os.replace(draft, target)


def marks(text: str) -> set[str]:
    """The editions that a page speaks of."""
    return {MARK.format(number) for number in range(4) if MARK.format(number) in text}


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


def are_closed(before: int) -> bool:
    """Whether no more files are open than before, once what ends in threads has ended."""
    for _ in range(50):
        if open_files() <= before:
            return True
        time.sleep(0.1)
    return False


PAGES = (
    "/",
    "/sources",
    "/search?q=通车",
    "/clippings/articles",
    "/clippings/articles?_facet=section&_facet=source&_size={}",
    "/clippings/articles.json?_facet=source&_size={}",
    "/clippings/articles.csv",
    SQL + "?sql=select+title,+{}+from+articles",
    "/feed.atom",
)


async def read_on(
    client: httpx.AsyncClient, done: asyncio.Event, number: int, seen: set[str]
) -> list[str]:
    """Ask for one page after another until it is done; what was wrong, and what was seen."""
    wrong, asked = [], number
    while not done.is_set():
        asked += 1
        path = PAGES[asked % len(PAGES)].format(1 + asked % 40)
        response = await client.get(path)
        said = marks(response.text)
        seen |= said
        if response.status_code not in (200, 429) or len(said) > 1:
            wrong.append(f"{path}: {response.status_code} {said}")
        if response.status_code == 200 and not said:
            wrong.append(f"{path}: says nothing of an edition")
    return wrong


async def swap_under_load(site: Visitor, editions: list[Path], swaps: int) -> list[str]:
    transport = httpx.ASGITransport(site.datasette.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        done, seen = asyncio.Event(), set[str]()
        database = site.datasette.get_database("clippings")
        readers = [asyncio.create_task(read_on(client, done, n, seen)) for n in range(READERS)]
        for swap in range(20 * swaps):
            put(editions[swap % 4], site)
            for _ in range(100):  # a build takes longer than to open what it made
                await asyncio.sleep(0.05)
                if database.snapshot.is_there():
                    break
            if swap >= swaps and len(seen) == 4:  # a busy machine sees fewer in the same time
                break
        put(editions[3], site)
        await client.get("/")
        done.set()
        assert len(seen) == 4, "the load was too light to see every edition"
        return [wrong for each in await asyncio.gather(*readers) for wrong in each]


def test_swaps_under_load(live: Visitor, editions: list[Path]) -> None:
    """Twenty new databases while eight read: every answer is whole and of one edition, the last
    one is served in the end, and no file of the others stays open."""
    asyncio.run(swap_under_load(live, editions, 8))  # every lazy thing is there now
    before = open_files()
    assert asyncio.run(swap_under_load(live, editions, SWAPS)) == []
    assert are_closed(before)
    assert marks(live.get("/").text) == {MARK.format(3)}


def test_numbers_are_of_the_edition(live: Visitor, editions: list[Path], tmp_path: Path) -> None:
    """Hash, size and counts follow the file, whatever inspect-data.json beside it says."""
    database = live.datasette.get_database("clippings")
    old = database.hash
    larger = tmp_path / "larger.db"
    shutil.copyfile(editions[1], larger)
    conn = sqlite3.connect(larger)
    conn.execute("delete from tags")
    conn.execute("delete from quarantine")
    conn.execute("insert into quarantine values ('x', 1, '', '')")
    conn.commit()
    conn.close()
    put(larger, live)
    told = live.get("/-/databases.json").text
    assert f'"size": {larger.stat().st_size}' in told
    assert f'"hash": "{database.hash}"' in told and database.hash != old
    assert database.cached_table_counts["quarantine"] == 1
    shown = live.page("/clippings/quarantine?_lang=en").xpath("string(//p[@class='found']/b)")
    assert shown.split()[:2] == ["1", "row"]


def test_kept_pages_are_of_the_edition(live: Visitor, editions: list[Path]) -> None:
    """A page that was kept is not served of the next edition, nor its facets and ETag."""
    path = "/clippings/articles?_facet=source"
    first = live.get(path)
    again = live.get(path, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    put(editions[2], live)
    second = live.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (second.status_code, marks(second.text)) == (200, {MARK.format(2)})
    assert second.headers["etag"] != first.headers["etag"]


def test_what_pages_count_is_counted_once(live: Visitor) -> None:
    """The facets of a table that nothing narrows are asked of the database once a snapshot."""
    kept = live.datasette.get_database("clippings").snapshot.kept
    path = "/clippings/articles?_facet=section&_size={}"
    first = live.page(path.format(3))
    before = dict(kept)
    assert any("select section as value" in question[0] for question in before)
    second = live.page(path.format(4))
    assert kept == before
    count = "normalize-space(//section[@data-column='section']//li[1])"
    assert first.xpath(count) == second.xpath(count)
    assert first.xpath(count).split()[-1] == "30"
    live.get(path.format(4) + "&section=edition0000")
    assert not any("edition0000" in question[0] for question in kept)


async def download_across_a_swap(site: Visitor, editions: list[Path]) -> bytes:
    """Take a file whose first piece is sent before, and whose rest after a swap."""
    pieces: list[bytes] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # a visitor who stays, and says nothing more
        raise AssertionError

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            put(editions[1], site)
            await database.refresh()
            assert database._newest is not database.snapshot
        pieces.append(event.get("body", b""))

    database = site.datasette.get_database("clippings")
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http"}
    scope |= {"path": "/clippings.db", "raw_path": b"/clippings.db", "query_string": b""}
    await site.datasette.app()({**scope, "headers": [(b"host", b"localhost")]}, receive, send)
    return b"".join(pieces)


def test_download_in_flight_ends_on_its_file(live: Visitor, editions: list[Path]) -> None:
    """A download goes on with the file that it began with; the next gives the new one."""
    assert asyncio.run(download_across_a_swap(live, editions)) == editions[0].read_bytes()
    answer = live.get("/clippings.db")
    assert answer.content == editions[1].read_bytes()
    assert answer.headers["content-length"] == str(editions[1].stat().st_size)
    tag = answer.headers["etag"]
    assert live.get("/clippings.db", headers={"if-none-match": tag}).status_code == 304
    head = asyncio.run(live.datasette.client.head("/clippings.db"))
    assert (head.content, head.headers["etag"]) == (b"", tag)


def test_what_a_request_reads_is_of_its_edition(live: Visitor, editions: list[Path]) -> None:
    """After a swap the description of the dataset is the old edition's till the request ends; an
    export, which has a connection of its own, is the new one's as a whole."""
    database = live.datasette.get_database("clippings")
    with database.pinned():
        put(editions[1], live)
        about = asyncio.run(description(live.datasette))
        assert MARK.format(1) in live.get("/export/articles.jsonl").text
    assert about.files[0].sha256 == inspect_hash(editions[0])
    assert live.get("/export/articles.csv").status_code == 200
    about = asyncio.run(description(live.datasette))
    assert about.files[0].sha256 == inspect_hash(editions[1])


@pytest.mark.parametrize("content", [b"", b"no database at all", None])
def test_what_is_no_archive_is_not_taken_up(
    live: Visitor, tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty file, text, or another database in its place: the old one goes on, and the log
    says why, once."""
    other = tmp_path / "other.db"
    if content is None:
        conn = sqlite3.connect(other)
        conn.execute("create table visitors (name text)")
        conn.close()
    else:
        other.write_bytes(content)
    before = open_files()
    put(other, live)
    for _ in range(3):
        assert marks(live.get("/archive").text + live.get("/").text) == {MARK.format(0)}
    assert are_closed(before)
    assert len([record for record in caplog.records if "is not served" in record.message]) == 1


def test_a_file_that_is_gone_is_served_on(live: Visitor, editions: list[Path]) -> None:
    """Removed, the file is still open; put back, another is taken up."""
    Path(live.datasette.get_database("clippings").path).unlink()
    assert marks(live.get("/clippings/articles?_size=12").text) == {MARK.format(0)}
    put(editions[3], live)
    assert marks(live.get("/clippings/articles?_size=12").text) == {MARK.format(3)}


def test_nobody_waits_long_for_a_large_file(
    live: Visitor, editions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a large new file is hashed the old edition serves after a while, then the new one."""
    is_hashing, may_end = threading.Event(), threading.Event()
    digest = of_site.inspect_hash

    def slow(path: Path) -> str:
        is_hashing.set()
        assert may_end.wait(30)
        return digest(path)

    monkeypatch.setattr(of_site, "PATIENCE", 0.1)
    monkeypatch.setattr(of_site, "inspect_hash", slow)
    put(editions[1], live)
    assert marks(live.get("/clippings/articles?_size=13").text) == {MARK.format(0)}
    assert is_hashing.wait(30)
    assert marks(live.get("/clippings/articles?_size=14").text) == {MARK.format(0)}
    may_end.set()
    live.datasette.get_database("clippings")._opening.result(timeout=30)
    assert marks(live.get("/clippings/articles?_size=15").text) == {MARK.format(1)}


def test_a_file_that_could_not_be_opened_is_tried_again(
    live: Visitor, editions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails in passing, as when no more files may be open, keeps no edition out for good."""
    with monkeypatch.context() as failing:
        failing.setattr(of_site, "Snapshot", raise_emfile)
        put(editions[1], live)
        assert marks(live.get("/clippings/articles?_size=16").text) == {MARK.format(0)}
    assert marks(live.get("/clippings/articles?_size=16").text) == {MARK.format(0)}, (
        "it is not tried at once"
    )
    monkeypatch.setattr(live.datasette.get_database("clippings"), "_again_from", 0.0)
    assert marks(live.get("/clippings/articles?_size=16").text) == {MARK.format(1)}


def raise_emfile(*given: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")
