"""How the work is shared: `python benchmarks/workers.py FOLDER` prints ratios and a peak.

FOLDER is an archive made for measuring (benchmarks/generate.py). In one run, medians of several:

- how much faster two workers convert than one process, in wall time, nothing written;
- how many workers the writer keeps up with while they work: a worker's CPU time for an article
  over that of taking its rows into the spool;
- the most memory that a build of FOLDER, and one of its tenth, has at a time: the
  proportional set size of all its processes together, looked at twenty times a second (Linux).
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import click

from build import in_short
from clippings.build.executors import mapper
from clippings.build.process import prepare_rows
from clippings.database.spool import Spool
from clippings.models import SourceFile
from clippings.reading.sources import find_articles

ROOT = Path(__file__).parents[1]
BETWEEN_LOOKS = 0.05
SEVERAL = 2_000
"""Articles that are converted for the first two figures."""


def converted(files: Sequence[SourceFile], jobs: int) -> float:
    """Wall seconds in which so many workers convert the files."""
    began = time.perf_counter()
    for _ in mapper(jobs)(prepare_rows, files):
        pass
    return time.perf_counter() - began


def shares(files: Sequence[SourceFile]) -> tuple[float, float]:
    """CPU seconds for the files: of what a worker does, and of taking in what it gives."""
    began = time.process_time()
    rows = [*mapper(1)(prepare_rows, files)]
    working = time.process_time() - began
    with tempfile.TemporaryDirectory() as folder, closing(Spool(Path(folder, "spool"))) as spool:
        began = time.process_time()
        for of_file in rows:
            assert of_file is not None
            spool.add(of_file)
        taking = time.process_time() - began
    return working, taking


def processes(root: int) -> Iterator[int]:
    """A process and all that came from it."""
    yield root
    for task in Path(f"/proc/{root}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from processes(int(child))


def memory(process: int) -> int:
    """Bytes that a process has for itself, and its part of what it shares."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) << 10


def peak(source: Path) -> int:
    """The most bytes that the processes of a build of `source` have at a time."""
    most = 0
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder, "ours.db"))
        command = [sys.executable, str(ROOT / "build_db.py"), str(source), "-q", "-o", target]
        build = subprocess.Popen(command)
        while build.poll() is None:
            with contextlib.suppress(OSError, StopIteration):  # one of them ended meanwhile
                most = max(most, sum(map(memory, processes(build.pid))))
            time.sleep(BETWEEN_LOOKS)
    if build.returncode:
        raise click.ClickException(f"the build of {source} failed")
    return most


def a_tenth(source: Path, target: Path) -> Path:
    """Every tenth file of a folder in a folder of its own."""
    for file in sorted(path for path in source.rglob("*") if path.is_file())[::10]:
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return target


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--runs", default=3, show_default=True, help="Turns; medians are printed.")
def main(source: Path, runs: int) -> None:
    """Print what two workers gain, what the writer keeps up with, and the memory of a build."""
    files = find_articles([source]).files
    files = files[:: max(1, len(files) // SEVERAL)]
    gains = [converted(files, 1) / converted(files, 2) for _ in range(runs)]
    print(f"two workers for one, wall: {in_short(gains)}")
    parts = [working / taking for working, taking in (shares(files) for _ in range(runs))]
    print(f"a worker's time / the writer's for an article: {in_short(parts)}")
    with tempfile.TemporaryDirectory() as folder:
        small, large = peak(a_tenth(source, Path(folder))), peak(source)
    print(
        f"peak memory: {large / 1e6:.0f} MB; of a tenth {small / 1e6:.0f} MB: {large / small:.2f}"
    )


if __name__ == "__main__":
    main()
