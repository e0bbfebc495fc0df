"""What distribution costs: `python benchmarks/cluster.py FOLDER` builds the same three ways.

- `one`: one process that reads, converts and writes;
- `pool`: so many worker processes beside the writer (`--jobs`);
- `dask`: as many Dask workers, started by their own command, behind a scheduler (`--scheduler`).

All on this machine. Wall is of the build command alone; CPU is that of every process of the way,
workers and scheduler included, less what they need to start and to build one article. The two
databases must be the same, byte for byte. Turn by turn; medians are printed.
"""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
BUILD = [sys.executable, str(ROOT / "build_db.py"), "--quiet"]
DASK = str(Path(sys.executable).with_name("dask"))
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one way of building."""

    wall: float
    cpu: float

    def __sub__(self, start: Cost) -> Cost:
        return Cost(self.wall - start.wall, self.cpu - start.cpu)


@contextlib.contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[str]:
    """The address of a scheduler with so many workers; they end with the block."""
    about = folder / "scheduler.json"
    about.unlink(missing_ok=True)
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    processes = [_start("scheduler", "--port", "0", "--scheduler-file", str(about), *local)]
    try:
        address = _address(about)
        space = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder / "space"))
        processes += [_start("worker", address, *space, *local) for _ in range(workers)]
        yield address
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
            process.wait(LONGEST_WAIT)


def _start(*command: str) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen([DASK, *command], stdout=quiet, stderr=quiet, cwd=ROOT)


def _address(about: Path) -> str:
    """The scheduler's address, as soon as it has written it down."""
    end = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return str(json.loads(about.read_text())["address"])
        time.sleep(0.05)
    raise click.ClickException("the scheduler did not start")


def on_dask(source: Path, target: Path, workers: int) -> Cost:
    """Build on a cluster that is made for it."""
    before = _cpu()
    with dask_cluster(target.parent, workers) as address:
        wall = _run(source, target, "--scheduler", address)
    return Cost(wall, _cpu() - before)


def on_processes(source: Path, target: Path, jobs: int) -> Cost:
    """Build in so many processes."""
    before = _cpu()
    wall = _run(source, target, "--jobs", str(jobs))
    return Cost(wall, _cpu() - before)


def _run(source: Path, target: Path, *options: str) -> float:
    began = time.perf_counter()
    subprocess.run([*BUILD, str(source), "--output", str(target), *options], check=True)
    return time.perf_counter() - began


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


WAYS = {"one": (on_processes, False), "pool": (on_processes, True), "dask": (on_dask, True)}


def cost(way: str, source: Path, folder: Path, workers: int) -> tuple[Cost, bytes]:
    """What a way of building costs, and the database that it made, in a folder of its own."""
    build, many = WAYS[way]
    with tempfile.TemporaryDirectory(dir=folder) as place:
        target = Path(place, "out.db")
        spent = build(source, target, workers if many else 1)
        return spent, target.read_bytes()


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option("--runs", default=3, show_default=True, help="Turns; medians are printed.")
def main(source: Path, workers: int, runs: int) -> None:
    """Build SOURCE in one process, in a pool, and on a cluster, and print what each costs."""
    spent: dict[str, list[Cost]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as place:
        single = Path(place, "single")
        single.mkdir()
        (single / "a.md").write_text("正文", "utf-8")
        for _ in range(runs):
            made = set()
            for way, costs in spent.items():
                start, _ = cost(way, single, Path(place), workers)
                whole, database = cost(way, source, Path(place), workers)
                costs.append(whole - start)
                made.add(database)
            if len(made) > 1:
                raise click.ClickException("the ways made different databases")
    report(spent, sum(path.is_file() for path in source.rglob("*.*")))


def report(spent: dict[str, list[Cost]], articles: int) -> None:
    """Print milliseconds an article, and what each way costs beside one process."""
    print(f"{articles} articles; starting not counted; the same bytes each way")
    alone = statistics.median(costs.cpu for costs in spent["one"])
    for way, costs in spent.items():
        wall = statistics.median(cost.wall for cost in costs)
        cpu = statistics.median(cost.cpu for cost in costs)
        each = 1000 / articles
        print(
            f"{way:5} wall {wall * each:6.2f} ms  cpu {cpu * each:6.2f} ms an article, "
            f"{(cpu - alone) * each:+.2f} ms beside one process"
        )


if __name__ == "__main__":
    main()
