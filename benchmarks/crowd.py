"""A crowd at our site, and the same crowd at stock Datasette with the same articles.

    .venv/bin/python benchmarks/crowd.py clippings.db [--seconds 15] [--clients 50]

Stock: no plugins, templates or settings; the rows of `articles` with its own full-text index, as
`sqlite-utils` makes one. Each site is a process of its own and is asked over loopback:

    each kind    table, three facets, search, article: addresses of that kind, each once
    cold-mixed   1,000 addresses, 250 of each kind, each once, in one random order
    repeated     20 of them, again and again

Every run ends after --seconds, whatever was answered. A run without an answer has no ratio.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database
from sqlite_utils.db import Table

ROOT = Path(__file__).parents[1]
EACH = 250
ORDERS = ("_sort=title", "_sort_desc=published", "_sort_desc=characters", "_sort=day")
MADE_WITH = ("--metadata metadata.yml --plugins-dir plugins --template-dir templates").split()


@dataclass
class Run:
    """What came of a run: seconds of each answer, and how often something else came."""

    taken: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.taken) / self.seconds

    @property
    def p95(self) -> float:
        """Seconds within which 95 of 100 answers came."""
        return statistics.quantiles(self.taken, n=20)[18] if len(self.taken) > 1 else float("inf")

    def __str__(self) -> str:
        return f"{self.rate:11.2f}{self.p95:8.3f}{self.errors:7}{self.megabytes:5.0f}"


HEAD = "{:>9}/s     p95 errors   MB"


def addresses(database: Path) -> dict[str, list[str]]:
    """EACH different addresses of every kind; both sites have them all."""
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
        "search": [f"{table}?_search={quote(word)}" for word in list(words)[:EACH]],
        "article": [f"{table}/{key}" for key in ids],
    }


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
            status = await get(reader, writer, path)
            run.taken.append(time.perf_counter() - began)
            run.errors += status != 200
    finally:
        writer.close()


async def crowd(port: int, paths: Iterator[str], clients: int, seconds: float) -> Run:
    """Some clients at once, until the paths or the seconds are over."""
    run, began = Run(), time.perf_counter()
    visitors = [asyncio.ensure_future(visit(port, paths, run)) for _ in range(clients)]
    done, late = await asyncio.wait(visitors, timeout=seconds)
    run.seconds = time.perf_counter() - began
    for visitor in late:
        visitor.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    run.errors += sum(visitor.exception() is not None for visitor in done)
    return run


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


def settings() -> list[str]:
    """What `make serve` gives Datasette."""
    given = re.findall(r"--setting (\w+) (\w+)", (ROOT / "Makefile").read_text())
    return [part for name, value in given for part in ("--setting", name, value)]


def measure(database: Path, options: list[str], clients: int, seconds: float) -> dict[str, Run]:
    """The runs at one site; a new process for each, for what is given up goes on in the old."""
    kinds = addresses(database)
    mixed = [path for paths in kinds.values() for path in paths]
    random.Random(7).shuffle(mixed)
    runs = {}
    for name, paths in {**kinds, "cold-mixed": mixed, "repeated": mixed[:20]}.items():
        with serving(database, options) as (port, process):
            asked = iter(paths)
            if name == "repeated":
                asyncio.run(crowd(port, asked, 4, seconds))
                asked = itertools.cycle(paths)
            runs[name] = asyncio.run(crowd(port, asked, clients, seconds))
            runs[name].megabytes = most_memory(process)
    return runs


def main() -> None:
    """Measure ours and stock, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--clients", type=int, default=50)
    asked = parser.parse_args()
    dressed = [*MADE_WITH, "--static", f"static:{ROOT / 'static'}", *settings()]
    with tempfile.TemporaryDirectory(dir=asked.database.parent) as temporary:
        copy = Path(temporary) / "clippings.db"
        stock_copy(asked.database.resolve(), copy)
        both = {}
        for name, database, options in (
            ("ours", asked.database.resolve(), dressed),
            ("stock", copy, []),
        ):
            both[name] = measure(database, options, asked.clients, asked.seconds)
    print(f"{asked.clients} clients, {os.cpu_count()} cores; seconds, megabytes at most")
    print(f"{'':13}{HEAD.format('ours')}{HEAD.format('stock')}{'times':>9}{'p95 1/':>9}")
    for kind, ours in both["ours"].items():
        stock = both["stock"][kind]
        ratios = (ours.rate / stock.rate, stock.p95 / ours.p95) if stock.taken else ()
        print(f"{kind:13}{ours}{stock}", *(f"{ratio:9.1f}" for ratio in ratios), sep="")


if __name__ == "__main__":
    main()
