#!/usr/bin/env python3
"""Turn folders of articles into clippings.db: the command line and nothing else."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import yaml

from clippings.build.executors import Mapper, collect_seldom, mapper, usable_cores
from clippings.build.pipeline import OnFile, build
from clippings.models import BuildError, BuildResult, Changes
from clippings.reading.sources import is_address, is_git, needs_of
from clippings.reading.withholding import NOTHING_WITHHELD, read_withholding

OnRows = Callable[[str, int], None]
"""Hears of a release: the file that is written, and its rows so far."""

HOW = tuple(field.name for field in fields(Changes))
"""What may have become of an article since the last build: added, changed, removed."""

SECONDS_BETWEEN_LINES = 5.0
"""How often progress is told where there is no terminal to draw a bar on."""


class Source(click.Path):
    """A folder or file that exists, or an address: `git+…`, `zip://…`, `https://…`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """An address as it is written, anything else as a path."""
        return value if is_address(str(value)) else super().convert(value, param, ctx)


class Share(click.ParamType):  # type: ignore[type-arg]  # generic only in newer clicks
    """A part of the whole, written `0.05` or `5%`."""

    name = "share"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The share as a number from 0.0 to 1.0; anything else is a usage error."""
        text = str(value).strip()
        try:
            share = float(text.rstrip("% ")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"{value!r} is no share; write 0.05 or 5%", param, ctx)
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is not between 0 and 1 (0% and 100%)", param, ctx)
        return share


READING = (
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        default=usable_cores,
        show_default="the number of cores",
        help="Processes that read and convert.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Read and convert on the workers of the Dask scheduler there (tcp://…) instead.",
    ),
    click.option(
        "--history",
        is_flag=True,
        help="Of git sources, every article that ever was, with its earlier versions.",
    ),
    click.option("--fresh", is_flag=True, help="Read and convert every file, also the unchanged."),
)
PUBLISHING = (
    click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("clippings.db"),
        show_default=True,
        help="The database to write. It is replaced only by a whole, checked one.",
    ),
    click.option(
        "--max-quarantined",
        type=Share(),
        default="5%",
        show_default=True,
        help="Publish nothing when more of the files than this cannot become articles.",
    ),
    click.option(
        "--metadata",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Where `withhold` and `publish` say what is kept out (docs/withholding.md).  "
        "[default: metadata.yml beside build_db.py]",
    ),
)
AFTERWARDS = (
    click.option(
        "--report",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write a JSON file of the articles added, changed and removed.",
    ),
    click.option(
        "--release",
        "release_folder",
        metavar="FOLDER",
        type=click.Path(file_okay=False, path_type=Path),
        help="Write the files that people download: the database, Parquet, JSON Lines, Markdown.",
    ),
    click.option(
        "--parquet",
        "parquet_folder",
        metavar="FOLDER",
        type=click.Path(file_okay=False, path_type=Path),
        help="Write the tables as Parquet, partitioned by month.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something is wrong."),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, in their order."""
    for option in reversed((*READING, *PUBLISHING, *AFTERWARDS)):
        command = option(command)
    return command


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument(
    "sources",
    metavar="[SOURCE]...",
    nargs=-1,
    type=Source(exists=True, readable=True, path_type=Path),
)
@_with_options
def main(
    sources: tuple[Path | str, ...],
    output: Path,
    jobs: int,
    scheduler: str | None,
    max_quarantined: float,
    history: bool,
    fresh: bool,
    report: Path | None,
    metadata: Path | None,
    release_folder: Path | None,
    parquet_folder: Path | None,
    quiet: bool,
) -> None:
    """Build one SQLite database with full-text search from folders of articles.

    SOURCE is a folder, or an article; seeds/ when none is given. Articles are
    .md .markdown .html .htm .xhtml .txt files; other files and hidden folders
    are passed over and counted. SOURCE may also be a git repository, git+PATH[@REV][:FOLDER];
    a zip or tar archive; or, with the extra `remote`, a URL that fsspec opens.

    Exit status: 0 the database was published; 1 it was not (too many files in
    quarantine, no article found, or the disk said no); 2 wrong usage.
    """
    if not output.parent.is_dir():
        raise click.BadParameter(f"folder {output.parent} does not exist", param_hint="--output")
    if history and not any(is_git(str(source)) for source in sources):
        raise click.UsageError("--history needs a git source: git+PATH[@REV][:FOLDER]")
    folders = sources or (Path(__file__).with_name("seeds"),)
    began = time.monotonic()
    collect_seldom()
    with _told_errors(output):
        about = metadata or Path(__file__).with_name("metadata.yml")
        withholding = read_withholding(about) if about.exists() else NOTHING_WITHHELD
        run_map = _cluster(scheduler, folders) if scheduler else mapper(jobs)
        with _progress(quiet) as on_file:
            built = build(
                *(folders, output, run_map, max_quarantined, on_file),
                withholding=withholding,
                history=history,
                fresh=fresh,
            )
        for idle in withholding.idle(built.entries_used):
            click.echo(f"Warning: {idle}", err=True)
        if not quiet:
            click.echo(summary(built, output, time.monotonic() - began))
        if report:
            report.write_text(report_of(built.changes), "utf-8")
        if release_folder or parquet_folder:
            _export(output, release_folder, parquet_folder, about, _rows(quiet))


@contextlib.contextmanager
def _told_errors(output: Path) -> Iterator[None]:
    """Say what kept a build from being published; a bug keeps its traceback."""
    try:
        yield
    except BuildError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or output}: {error.strerror}") from None
    except MemoryError:
        raise click.ClickException(f"{output}: out of memory; try fewer --jobs") from None


def _export(
    output: Path,
    release_folder: Path | None,
    parquet_folder: Path | None,
    metadata: Path,
    on_rows: OnRows,
) -> None:
    """Write what people take away of a finished database."""
    from clippings.dataset.release import partitions, release  # not for every build

    if release_folder:
        release(output, release_folder, yaml.safe_load(metadata.read_text("utf-8")), on_rows)
    if parquet_folder:
        partitions(output, parquet_folder, on_rows)


def _cluster(scheduler: str, sources: Sequence[Path | str]) -> Mapper:
    """The map over a cluster. Dask is an extra, and takes half a second to load."""
    try:
        from clippings.build.cluster import cluster_mapper
    except ImportError as error:
        raise BuildError(
            f"--scheduler needs Dask distributed ({error}): pip install '.[cluster]'"
        ) from error
    return cluster_mapper(scheduler, [need for source in sources for need in needs_of(source)])


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[OnFile]:
    """Tell how far the build is: a bar on a terminal, now and then a line elsewhere."""
    with contextlib.ExitStack() as bars:
        if quiet:
            yield lambda done, total: None
        elif sys.stderr.isatty():
            yield _bar(bars, time.monotonic())
        else:
            yield _lines(time.monotonic())


def _bar(bars: contextlib.ExitStack, began: float) -> OnFile:
    """Draw a bar as soon as the number of files is known."""
    bar = None

    def on_file(done: int, total: int) -> None:
        nonlocal bar
        if bar is None or bar.length != total:
            new = click.progressbar(
                length=total,
                label="Articles",
                show_pos=True,
                item_show_func=lambda rate: rate or "",
                file=sys.stderr,
            )
            bar = bars.enter_context(new)
        if done % max(1, total // 500) == 0 or done == total:
            bar.update(done - bar.pos, f"{_rate(done, began):.0f}/s")

    return on_file


def _lines(told: float) -> OnFile:
    began = told

    def on_file(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= SECONDS_BETWEEN_LINES:
            told = time.monotonic()
            rate = _rate(done, began)
            left = (total - done) / rate
            click.echo(f"{done:,} of {total:,} files, {rate:.0f}/s, {left:.0f} s left", err=True)

    return on_file


def _rows(quiet: bool) -> OnRows:
    """Tell of each file of a release, and now and then how far it is."""
    told = time.monotonic()

    def on_rows(name: str, done: int) -> None:
        nonlocal told
        if not quiet and (done == 0 or time.monotonic() - told >= SECONDS_BETWEEN_LINES):
            told = time.monotonic()
            click.echo(f"{name}: {done:,}" if done else name, err=True)

    return on_rows


def _rate(done: int, began: float) -> float:
    return done / max(time.monotonic() - began, 1e-6)


def report_of(changes: Changes) -> str:
    """The changes as JSON: {"added": [{"id": …, "title": …}, …], "changed": …, "removed": …}."""
    named = {
        how: [{"id": key, "title": title} for key, title in getattr(changes, how)] for how in HOW
    }
    return json.dumps(named, ensure_ascii=False, indent=1) + "\n"


WHY = {
    "hidden": "hidden",
    "ending": "with another ending",
    "link": "links that lead out, or no ordinary files",
    "vanished": "gone when looked at",
    "repeated": "met twice",
}
"""Why something was passed over, in words."""


def summary(built: BuildResult, output: Path, seconds: float) -> str:
    """What became of the files, for a person, on a few lines."""
    a, changes = built.accounting, built.changes
    changed = ", ".join(f"{len(which):,} {how}" for how in HOW if (which := getattr(changes, how)))
    passed_over = ", ".join(f"{count:,} {WHY[reason]}" for reason, count in a.passed_over)
    return (
        f"{output}: {a.files_found:,} files found, {a.files_seen:,} files seen, "
        f"{a.articles:,} articles, "
        f"{a.placements:,} placements, {a.repaired:,} repaired, "
        f"{a.quarantined:,} quarantined, "
        f"{f'{a.withheld:,} withheld, ' if a.withheld else ''}{seconds:.1f} seconds\n"
        f"{built.read:,} files read; articles: {changed or 'nothing has changed'}"
        + (f"\npassed over: {passed_over}" if passed_over else "")
    )


if __name__ == "__main__":
    main()
