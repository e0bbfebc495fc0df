"""A database from an address: downloaded once, checked, and kept through a bad day."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import Visitor, listening

import clippings
from clippings.dataset.download import fetch
from clippings.models import OpenError

MAGIC = b"SQLite format 3\0"
"""How every database begins."""


class Server(ThreadingHTTPServer):
    """Answers with `files` (path → bytes), each under the ETag of its bytes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.failing = 0  # a status that everything is answered with
        self.short = 0  # bytes that are missing from each answer
        self.log: list[tuple[str, int]] = []

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    """What a plain web server does."""

    server: Server

    def do_GET(self) -> None:
        content = self.server.files.get(self.path)
        tag = f'"{hashlib.md5(content or b"").hexdigest()}"'
        status = self.server.failing or (200 if content is not None else 404)
        if status == 200 and self.headers.get("If-None-Match") == tag:
            status = 304
        self.server.log.append((self.path, status))
        self.send_response(status)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content or b"") if status == 200 else 0))
        self.end_headers()
        if status == 200 and content:
            self.wfile.write(content[: len(content) - self.server.short])

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server on loopback with /data/clippings.db."""
    with Server() as running:
        running.files["/data/clippings.db"] = MAGIC + b"first" * 500_000
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(timeout=10)


DB = "/data/clippings.db"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of downloads, which is not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "clippings"


def test_it_is_downloaded_once(server: Server, cache: Path) -> None:
    """The second call only asks; a new file there is downloaded and takes the old one's place."""
    first = fetch(server.address(DB))
    assert first.read_bytes() == server.files[DB]
    assert fetch(server.address(DB)) == first
    assert [status for path, status in server.log if path == DB] == [200, 304]
    server.files[DB] = MAGIC + b"second"
    assert fetch(server.address(DB)).read_bytes() == MAGIC + b"second"
    assert len([*cache.iterdir()]) == 2  # the file and its tag: no draft is left


def test_two_addresses_are_two_files(server: Server) -> None:
    """Files of one name from several places do not meet."""
    server.files["/other/clippings.db"] = MAGIC + b"other"
    assert fetch(server.address(DB)) != fetch(server.address("/other/clippings.db"))


def test_an_address_as_a_person_types_it(server: Server) -> None:
    """Chinese letters in it are sent as servers take them; what is escaped already stays."""
    server.files["/%E5%89%AA%E6%8A%A5.db"] = MAGIC + b"there"
    assert fetch(server.address("/剪报.db")).read_bytes() == MAGIC + b"there"
    assert fetch(server.address("/%E5%89%AA%E6%8A%A5.db")).read_bytes() == MAGIC + b"there"


def test_a_broken_off_download_is_refused(server: Server, cache: Path) -> None:
    """Less than Content-Length is no database, and nothing of it is kept."""
    server.short = 1000
    with pytest.raises(OpenError, match="broke off after 2499016 of 2500016 bytes"):
        fetch(server.address(DB))
    assert not [*cache.iterdir()]


def test_what_is_no_database_is_not_kept(server: Server, cache: Path) -> None:
    """The address of a site instead of its database: the message names the one to try."""
    server.files["/archive/"] = b"<!doctype html>"
    with pytest.raises(OpenError, match=re.escape(server.address("/archive/clippings.db"))):
        fetch(server.address("/archive/"))
    assert not [*cache.iterdir()]


def test_a_bad_day_of_the_server(server: Server, cache: Path) -> None:
    """Down or failing: the copy of before is used, with a warning; without one it is an error.
    What the server no longer has is not used either."""
    address = server.address(DB)
    server.failing = 503
    with pytest.raises(OpenError, match="503"):
        fetch(address)
    server.failing = 0
    kept = fetch(address)
    server.failing = 503
    with pytest.warns(UserWarning, match="503.*the copy of before is used"):
        assert fetch(address) == kept
    server.failing = 410
    with pytest.raises(OpenError, match="410"):
        fetch(address)
    server.shutdown()
    server.server_close()
    with pytest.warns(UserWarning, match="the copy of before is used"):
        assert fetch(address) == kept
    shutil.rmtree(cache)
    with pytest.raises(OpenError, match="refused"):
        fetch(address)


def test_the_sites_own_download_opens(site: Visitor, cache: Path) -> None:
    """`clippings.open` takes the address of /clippings.db and keeps it in the cache folder."""
    with (
        listening(site) as address,
        clippings.open(f"{address}/clippings.db", frames=False) as archive,
    ):
        assert archive.search("彗星")
    (kept,) = cache.glob("*.db")
    assert sqlite3.connect(kept).execute("select count(*) from articles").fetchone() > (0,)
