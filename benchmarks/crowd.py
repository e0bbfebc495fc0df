"""A crowd at our site, and the same crowd at stock Datasette with the same articles.

    .venv/bin/python benchmarks/crowd.py clippings.db [--seconds 40] [--clients 50]

Stock: no plugins, templates or settings; the rows of `articles` with its own full-text index, as
`sqlite-utils` makes one. Each site is a process of its own and is asked over loopback:

    each kind    table, three facets, search, article: addresses of that kind, each once
    table search a search in the table, with the facets of all that it finds
    cold-mixed   1,000 addresses, 250 of each kind but that one, each once, in one random order
    repeated     20 of them, again and again

Every run ends after --seconds, whatever was answered. A request that got no page, or not by then,
counts for p95 with the seconds that it waited. A run without an answer has no ratio. Search is each
site's own page for it, /search and stock's table, of the same words; how much stock's index finds
of what ours finds is said below.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from datasette.utils import escape_fts
from sqlite_utils import Database
from sqlite_utils.db import Table

from clippings.search.functions import search_query

ROOT = Path(__file__).parents[1]
EACH = 250
ORDERS = ("_sort=title", "_sort_desc=published", "_sort_desc=characters", "_sort=day")
SEARCHES = {"ours": "/search?q", "stock": "/clippings/articles?_search"}
MADE_WITH = ("--metadata metadata.yml --plugins-dir plugins --template-dir templates").split()


@dataclass
class Run:
    """What came of a run: seconds of each answer, how long those waited who got none, and how
    often something else came."""

    taken: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.taken) / self.seconds

    @property
    def p95(self) -> float:
        """Seconds within which 95 of 100 requests were answered; at least so many, where some
        were not."""
        all_of_them = self.taken + self.waited
        return statistics.quantiles(all_of_them, n=20)[18] if len(all_of_them) > 1 else float("inf")

    def __str__(self) -> str:
        return f"{self.rate:11.2f}{self.p95:8.3f}{self.errors:7}{self.megabytes:5.0f}"


HEAD = "{:>9}/s     p95 errors   MB"


def addresses(database: Path, search: str = SEARCHES["ours"]) -> dict[str, list[str]]:
    """EACH different addresses of every kind; `search` is where a site searches."""
    db = sqlite3.connect(database)
    ids = [key for (key,) in db.execute("select id from articles order by digest limit ?", [EACH])]
    titles = db.execute("select title from articles order by digest limit 5000").fetchall()
    words = dict.fromkeys(
        word
        for (title,) in titles
        for word in re.findall(r"[\u4e00-\u9fff]{2}|[A-Za-z]{4,}", title)
    )
    tables = [f"{order}&_size={size}" for size in range(20, 83) for order in ORDERS][:EACH]
    facets = "_facet=section&_facet=source&_facet=feed"
    table = "/clippings/articles"
    return {
        "table": [f"{table}?{asked}" for asked in tables],
        "three facets": [f"{table}?{facets}&{asked}" for asked in tables],
        "search": [f"{search}={quote(word)}" for word in list(words)[:EACH]],
        "article": [f"{table}/{key}" for key in ids],
        "table search": [f"{table}?_search={quote(word)}" for word in list(words)[:EACH]],
    }


def found_by_stock(ours: Path, stock: Path, searches: list[str]) -> float:
    """How much of what our search finds stock's index finds, of the words of some addresses."""
    words = [parse_qs(urlsplit(path).query)["q"][0] for path in searches]

    def found(database: Path, query: Callable[[str], str]) -> int:
        count = "select count(*) from articles_fts where articles_fts match ?"
        with closing(sqlite3.connect(database)) as db:
            return sum(db.execute(count, [query(word)]).fetchone()[0] for word in words)

    return found(stock, escape_fts) / found(ours, search_query)


def stock_copy(database: Path, target: Path) -> None:
    """The articles as stock Datasette would have them: one table and its search index."""
    db = Database(target)
    db.attach("ours", database)
    articles = Table(db, "articles")
    articles.insert_all(db.query("select * from ours.articles"), pk="id")
    articles.enable_fts(["title", "summary", "markdown"])
    db.conn.close()


async def get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> int:
    """The status of an answer that was read whole; as cheap as a client can be."""
    writer.write(f"GET {path} HTTP/1.1\r\nhost: h\r\naccept-encoding: gzip\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = re.search(rb"content-length: (\d+)", head)
    if length:
        await reader.readexactly(int(length[1]))
    else:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return int(head[9:12])


async def visit(port: int, paths: Iterator[str], run: Run) -> None:
    """One client: a connection, one request after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        for path in paths:
            began = time.perf_counter()
            try:
                status = await get(reader, writer, path)
            except asyncio.CancelledError:
                run.waited.append(time.perf_counter() - began)
                raise
            run.errors += status != 200
            (run.taken if status == 200 else run.waited).append(time.perf_counter() - began)
    finally:
        writer.close()


async def crowd(port: int, paths: Iterator[str], clients: int, seconds: float, run: Run) -> None:
    """Some clients at once, until the paths or the seconds are over; `run` tells of it."""
    began = time.perf_counter()
    visitors = [asyncio.ensure_future(visit(port, paths, run)) for _ in range(clients)]
    done, late = await asyncio.wait(visitors, timeout=seconds)
    run.seconds = time.perf_counter() - began
    for visitor in late:
        visitor.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    run.errors += sum(visitor.exception() is not None for visitor in done)


def most_memory(process: subprocess.Popen[bytes]) -> float:
    """Megabytes that a process has had at most, as Linux tells it."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


@contextmanager
def serving(database: Path, options: list[str]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The port at which a process serves a database, and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "datasette", "serve", "-i", str(database), "-p", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*command, *options], cwd=ROOT, stdout=quiet, stderr=quiet) as process:
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield port, process
        finally:
            process.kill()


def our_options() -> list[str]:
    """The options by which Datasette serves a database as `deploy/serve` does."""
    given = re.findall(r"--setting (\w+) (\w+)", (ROOT / "deploy/serve").read_text())
    assert given, "deploy/serve has no settings"
    settings = [part for name, value in given for part in ("--setting", name, value)]
    return [*MADE_WITH, "--static", f"static:{ROOT / 'static'}", *settings]


def measure(
    database: Path, search: str, options: list[str], clients: int, seconds: float
) -> dict[str, Run]:
    """The runs at one site; a new process for each, for what is given up goes on in the old."""
    kinds = addresses(database, search)
    mixed = [path for name, paths in kinds.items() if name != "table search" for path in paths]
    random.Random(7).shuffle(mixed)
    runs = {}
    for name, paths in {**kinds, "cold-mixed": mixed, "repeated": mixed[:20]}.items():
        with serving(database, options) as (port, process):
            asked, run = iter(paths), Run()
            if name == "repeated":
                asyncio.run(crowd(port, asked, 4, seconds, Run()))
                asked = itertools.cycle(paths)
            asyncio.run(crowd(port, asked, clients, seconds, run))
            run.megabytes = most_memory(process)
            runs[name] = run
    return runs


def main() -> None:
    """Measure ours and stock, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--clients", type=int, default=50)
    asked = parser.parse_args()
    ours = asked.database.resolve()
    with tempfile.TemporaryDirectory(dir=ours.parent) as temporary:
        copy = Path(temporary) / "clippings.db"
        stock_copy(ours, copy)
        share = found_by_stock(ours, copy, addresses(ours)["search"])
        both = {
            "ours": measure(ours, SEARCHES["ours"], our_options(), asked.clients, asked.seconds),
            "stock": measure(copy, SEARCHES["stock"], [], asked.clients, asked.seconds),
        }
    print(f"{asked.clients} clients, {os.cpu_count()} cores; seconds, megabytes at most")
    print(f"{'':13}{HEAD.format('ours')}{HEAD.format('stock')}{'times':>9}{'p95 1/':>9}")
    for kind, run in both["ours"].items():
        stock = both["stock"][kind]
        ratios = (run.rate / stock.rate, stock.p95 / run.p95) if stock.taken else ()
        print(f"{kind:13}{run}{stock}", *(f"{ratio:9.1f}" for ratio in ratios), sep="")
    print(f"stock's search finds {share:.0%} of what ours finds")


if __name__ == "__main__":
    main()
