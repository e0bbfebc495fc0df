"""What a second build costs: `python benchmarks/incremental.py FOLDER` prints ratios.

FOLDER is an archive made for measuring (benchmarks/generate.py): ten of its files are changed and
put back. In one run, the CPU seconds of whole processes, medians of several:

- `full`: a build from scratch;
- `walk`: every file of the folder listed and stat-ed, nothing else;
- `nothing`: a build where no file has changed;
- `touched`: one where every time has changed and no byte, as after a fresh clone;
- `ten`: one where ten files have changed, publishing included.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from build import Figures, measured

ROOT = Path(__file__).parents[1]
LONG_AGO = 1_577_836_800
SETTLED = 2.1
"""Seconds after which the stamp of a file that was touched is believed."""

WALK = """
import os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        os.stat(os.path.join(folder, name))
"""


def touch_all(files: list[Path], turn: int) -> None:
    """Give every file another time."""
    for file in files:
        os.utime(file, (LONG_AGO + turn, LONG_AGO + turn))
    time.sleep(SETTLED)


@contextmanager
def ten_changed(files: list[Path], turn: int) -> Iterator[None]:
    """Ten files, evenly over the archive, with another paragraph; as they were afterwards."""
    chosen = files[turn :: max(len(files) // 10, 1)][:10]
    kept = {file: file.read_bytes() for file in chosen}
    for file, data in kept.items():
        file.write_bytes(data + f"<p>又一段，第{turn}次。</p>".encode())
        os.utime(file, (LONG_AGO - turn, LONG_AGO - turn))
    try:
        yield
    finally:
        for file, data in kept.items():
            file.write_bytes(data)


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--runs", default=3, show_default=True, help="Turns; medians are printed.")
def main(source: Path, runs: int) -> None:
    """Time second builds of SOURCE."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    times: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "clippings.db")
        build = [sys.executable, str(ROOT / "build_db.py"), str(source), "-q", "-o", str(target)]
        touch_all(files, 0)
        times["full"] = [measured(build)]
        for turn in range(1, runs + 1):
            of_turn = {"walk": measured([sys.executable, "-c", WALK, str(source)])}
            of_turn["nothing"] = measured(build)
            touch_all(files, turn)
            of_turn["touched"] = measured(build)
            with ten_changed(files, turn):
                of_turn["ten"] = measured(build)
            touch_all(files, turn)
            measured(build)
            for name, figures in of_turn.items():
                times.setdefault(name, []).append(figures)
    show(times)


def show(times: dict[str, list[Figures]]) -> None:
    """The medians, and what the promises are about."""
    middle = {name: statistics.median(cpu for _, cpu in runs) for name, runs in times.items()}
    for name, runs in times.items():
        least, most = min(cpu for _, cpu in runs), max(cpu for _, cpu in runs)
        wall = statistics.median(wall for wall, _ in runs)
        print(f"{name:8} cpu {middle[name]:7.2f} s ({least:.2f} to {most:.2f})  wall {wall:7.2f} s")
    print(f"nothing / walk: {middle['nothing'] / middle['walk']:.2f}")
    print(f"touched / walk: {middle['touched'] / middle['walk']:.2f}")
    print(f"ten / full: {100 * middle['ten'] / middle['full']:.1f} %")


if __name__ == "__main__":
    main()
