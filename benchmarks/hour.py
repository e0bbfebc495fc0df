"""As many requests as a busy hour brings, one after the other: memory and files stay as they are.

    .venv/bin/python benchmarks/hour.py clippings.db [--requests 360000] [--minutes 20]

100 requests a second are 360,000 an hour. Of 25, 24 ask for one of 200 addresses, the first
more often than the last; one asks for what nobody asked for yet, as a crawler does: an article, a
page further on in the table, a search. 50 clients send them as fast as they are answered. The
process is looked at every second; it fails (status 1) by more than 300 MB, by growing in the last
third of the requests, by an answer that is none, or by not being through in --minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from crowd import Run, addresses, crowd, most_memory, our_options, serving

CLIENTS = 50
POPULAR = 200
NEW = 25
"""One in so many requests is for an address that nobody asked for yet."""

MOST = 300
"""Megabytes that the process may have."""

GROWTH = 1.05
"""How much more it may have in the last third than in the second."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process had after so many answers."""

    answers: int
    megabytes: float
    files: int


def never_asked(database: Path) -> Iterator[str]:
    """Addresses, each once: two articles, a page further on, a search, and so on."""
    with closing(sqlite3.connect(database)) as db:
        found = db.execute("select id, docid, title from articles order by digest").fetchall()
    asked = set[str]()
    for number, (key, docid, title) in enumerate(found):
        yield f"/clippings/articles/{key}"
        word = re.search(r"[\u4e00-\u9fff]{2}|[A-Za-z]{4,}", title)
        if number % 2 and word and word[0] not in asked:
            asked.add(word[0])
            yield f"/search?q={quote(word[0])}"
        elif number % 2:
            yield f"/clippings/articles?_next={docid},{key}"


def requests(database: Path, many: int) -> Iterator[str]:
    """The addresses of so many requests, in an order that is always the same."""
    draw = random.Random(7)
    popular = [path for kind in addresses(database).values() for path in kind]
    popular = draw.sample(popular, POPULAR)
    new = itertools.chain(never_asked(database), itertools.cycle(popular))
    weights = list(itertools.accumulate(1 / place for place in range(1, POPULAR + 1)))
    for number in range(many):
        yield next(new) if number % NEW == 0 else draw.choices(popular, cum_weights=weights)[0]


async def watch(process: subprocess.Popen[bytes], run: Run, samples: list[Sample]) -> None:
    """Look at the process every second, until this is cancelled."""
    of_process = Path(f"/proc/{process.pid}")
    while True:
        await asyncio.sleep(1)
        status = re.search(r"VmRSS:\s+(\d+)", (of_process / "status").read_text())
        files = sum(1 for _ in (of_process / "fd").iterdir())
        samples.append(Sample(len(run.taken), int(status[1]) / 1024 if status else 0, files))


async def spend(
    port: int, process: subprocess.Popen[bytes], paths: Iterator[str], seconds: float
) -> tuple[Run, list[Sample]]:
    """Send the requests, watched."""
    run, samples = Run(), list[Sample]()
    watching = asyncio.create_task(watch(process, run, samples))
    await crowd(port, paths, CLIENTS, seconds, run)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return run, samples


def complaints(run: Run, samples: list[Sample], many: int) -> Iterator[str]:
    """What is not as it should be, a sentence each."""
    if len(run.taken) < many:
        yield f"{many - len(run.taken)} requests were not answered in time"
    if run.errors:
        yield f"{run.errors} answers were none"
    if run.megabytes > MOST:
        yield f"the process had {run.megabytes:.0f} MB"
    second = [each for each in samples if many / 3 <= each.answers < many * 2 / 3]
    last = [each for each in samples if many * 2 / 3 <= each.answers]
    if not second or not last:
        yield "there were too few requests to tell whether it grows"
    elif max(s.megabytes for s in last) > GROWTH * max(s.megabytes for s in second):
        yield "the process grew in the last third"
    elif max(s.files for s in last) > max(s.files for s in second):
        yield "more files were open in the last third"


def main() -> None:
    """Spend the hour, print what was seen, fail by complaints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("--requests", type=int, default=360_000)
    parser.add_argument("--minutes", type=float, default=20)
    asked = parser.parse_args()
    database = asked.database.resolve()
    paths = requests(database, asked.requests)
    with serving(database, our_options()) as (port, process):
        run, samples = asyncio.run(spend(port, process, paths, asked.minutes * 60))
        run.megabytes = most_memory(process)
    print(" requests    MB  files")
    for sample in samples[:: max(1, len(samples) // 12)]:
        print(f"{sample.answers:9,}{sample.megabytes:6.0f}{sample.files:7}")
    print(f"{run.rate:.0f} a second, p95 {run.p95:.3f} s, at most {run.megabytes:.0f} MB")
    if found := list(complaints(run, samples, asked.requests)):
        sys.exit("; ".join(found))


if __name__ == "__main__":
    main()
