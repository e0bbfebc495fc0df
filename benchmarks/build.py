"""How fast a build is: `python benchmarks/build.py FOLDER` prints ratios with their spread.

Programs over the same articles, turn by turn, each a process of its own:

- `ours`: build_db.py with all cores;
- `plain`: the script anyone would write (python-frontmatter, markdownify, sqlite-utils, trigram),
  in one process; it does less: no language, related articles, near-duplicates, diagnostics, checks;
- `floor`: the files read, the finished rows of our build inserted and indexed, nothing else;
- `other`: build_db.py of another checkout with its own .venv, where `--against DIR` names one.

Wall and CPU seconds are the operating system's own figures for the finished process and its
children. Only ratios within a run mean anything on another machine.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

Figures = tuple[float, float]
ROOT = Path(__file__).parents[1]


def plain(source: Path, target: Path) -> None:
    """The script anyone would write."""
    import frontmatter
    import sqlite_utils
    from markdownify import markdownify

    def rows() -> Iterator[dict[str, str]]:
        for path in sorted(source.rglob("*.md")):
            post = frontmatter.loads(path.read_text().lstrip())
            title, date = str(post.get("title")), str(post.get("date"))
            yield {"title": title, "date": date, "markdown": markdownify(post.content)}

    table = sqlite_utils.Database(target).table("articles")
    table.insert_all(rows(), batch_size=1000)
    table.enable_fts(["title", "markdown"], tokenize="trigram")


def floor(source: Path, target: Path, finished: Path) -> None:
    """What no build can do without: read every file, write the finished rows, index them."""
    for path in sorted(source.rglob("*.md")):
        path.read_bytes()
    db = sqlite3.connect(target, isolation_level=None)
    db.execute("attach ? as finished", [str(finished)])
    db.execute("begin")
    db.execute("create table articles as select * from finished.articles")
    db.execute("create virtual table fts using fts5 (tokens, content='')")
    db.execute(
        "insert into fts (rowid, tokens) select rowid, title || ' ' || markdown from articles"
    )
    db.execute("commit")


def measured(command: list[str]) -> Figures:
    """The wall seconds and CPU seconds of a command with all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--runs", default=3, show_default=True, help="Turns; medians are printed.")
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another checkout of this project, with its .venv.",
)
@click.option("--only", type=click.Choice(["plain", "floor"]), hidden=True)
@click.option("--target", type=click.Path(path_type=Path), hidden=True)
@click.option("--finished", type=click.Path(path_type=Path), hidden=True)
def main(
    source: Path, runs: int, against: Path | None, only: str | None, target: Path, finished: Path
) -> None:
    """Time our build of SOURCE against the plain script, the floor and another checkout."""
    if only == "plain":
        plain(source, target)
    elif only == "floor":
        floor(source, target, finished)
    else:
        compare(source, runs, against)


def compare(source: Path, runs: int, against: Path | None) -> None:
    """Run all in turn and print the ratios."""
    times: dict[str, list[Figures]] = {"ours": [], "plain": [], "floor": []}
    if against:
        times["other"] = []
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder, "ours.db")
        build = [sys.executable, str(ROOT / "build_db.py"), str(source), "-q", "-o", str(ours)]
        again = [sys.executable, __file__, str(source), "--finished", str(ours), "--target"]
        for turn in range(runs):
            for last in Path(folder).iterdir():  # else only what has changed would be read
                last.unlink()
            times["ours"].append(measured(build))
            if against:
                python, target = str(against / ".venv/bin/python"), str(Path(folder, "other.db"))
                other = [python, str(against / "build_db.py"), str(source), "-q", "-o", target]
                times["other"].append(measured(other))
            for name in ("plain", "floor"):
                written = Path(folder, f"{name}{turn}.db")
                times[name].append(measured([*again, str(written), "--only", name]))
                written.unlink()
        size = os.path.getsize(ours)
        (markdown,) = (
            sqlite3.connect(ours)
            .execute("select sum(length(cast(markdown as blob))) from articles")
            .fetchone()
        )
    for name, runs_of in times.items():
        wall, cpu = (statistics.median(column) for column in zip(*runs_of, strict=True))
        print(f"{name:6} wall {wall:7.2f} s  cpu {cpu:7.2f} s")
    for name, figure in (("wall", 0), ("cpu", 1)):
        print(f"plain / ours, {name}: {spread(times['plain'], times['ours'], figure)}")
        if against:
            print(f"ours / {against}, {name}: {spread(times['ours'], times['other'], figure)}")
    print(f"ours / floor, cpu: {spread(times['ours'], times['floor'], 1)}")
    print(f"database / Markdown: {size / markdown:.2f}")


def spread(above: list[Figures], below: list[Figures], figure: int) -> str:
    """The ratio of two programs turn by turn: median, and from least to most."""
    ratios = [a[figure] / b[figure] for a, b in zip(above, below, strict=True)]
    return in_short(ratios)


def in_short(ratios: list[float]) -> str:
    """Median, and from least to most."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()
