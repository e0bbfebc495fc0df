#!/usr/bin/env python3
"""Turn folders of articles into clippings.db: the command line and nothing else."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from clippings.errors import BuildError
from clippings.executors import Mapper, mapper, usable_cores
from clippings.models import Accounting
from clippings.pipeline import build

OnFile = Callable[[int, int], None]
"""Hears of progress: files done, files in all."""

SECONDS_BETWEEN_LINES = 5.0
"""How often progress is told where there is no terminal to draw a bar on."""


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


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument(
    "sources",
    metavar="[SOURCE]...",
    nargs=-1,
    type=click.Path(exists=True, readable=True, path_type=Path),
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("clippings.db"),
    show_default=True,
    help="The database to write. It is replaced only by a whole, checked one.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=usable_cores,
    show_default="the number of cores",
    help="Processes that read and convert.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Read and convert on the workers of the Dask scheduler there (tcp://…) instead.",
)
@click.option(
    "--max-quarantined",
    type=Share(),
    default="5%",
    show_default=True,
    help="Publish nothing when more of the files than this cannot become articles.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something is wrong.")
def main(
    sources: tuple[Path, ...],
    output: Path,
    jobs: int,
    scheduler: str | None,
    max_quarantined: float,
    quiet: bool,
) -> None:
    """Build one SQLite database with full-text search from folders of articles.

    SOURCE is a folder, or an article; seeds/ when none is given. Articles are
    .md .markdown .html .htm .txt files; other files and hidden folders are
    passed over.

    Exit status: 0 the database was published; 1 it was not (too many files in
    quarantine, no article found, or the disk said no); 2 wrong usage.
    """
    if not output.parent.is_dir():
        raise click.BadParameter(f"folder {output.parent} does not exist", param_hint="--output")
    folders = sources or (Path(__file__).with_name("seeds"),)
    began = time.monotonic()
    try:
        with _progress(quiet) as on_file:
            run_map = _cluster(scheduler, folders) if scheduler else mapper(jobs)
            accounting = build(folders, output, run_map, max_quarantined, on_file)
    except BuildError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or output}: {error.strerror}") from None
    except MemoryError:
        raise click.ClickException(f"{output}: out of memory; try fewer --jobs") from None
    if not quiet:
        click.echo(report(accounting, output, time.monotonic() - began))


def _cluster(scheduler: str, folders: Sequence[Path]) -> Mapper:
    """The map over a cluster. Dask is an extra, and takes half a second to load."""
    try:
        from clippings.cluster import cluster_mapper
    except ImportError as error:
        raise BuildError(
            f"--scheduler needs Dask distributed ({error}): pip install 'clippings[cluster]'"
        ) from error
    return cluster_mapper(scheduler, folders)


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[OnFile]:
    """Tell how far the build is: a bar on a terminal, now and then a line elsewhere."""
    if quiet:
        yield lambda done, total: None
    elif not sys.stderr.isatty():
        yield _lines(time.monotonic())
    else:
        with click.progressbar(
            length=1, label="Articles", show_pos=True, item_show_func=str, file=sys.stderr
        ) as bar:
            yield _bar(bar, time.monotonic())


def _bar(bar: Any, began: float) -> OnFile:
    def on_file(done: int, total: int) -> None:
        bar.length = total
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


def _rate(done: int, began: float) -> float:
    return done / max(time.monotonic() - began, 1e-6)


def report(accounting: Accounting, output: Path, seconds: float) -> str:
    """What became of the files, for a person, on a few lines."""
    a = accounting
    return (
        f"{output}: {a.files_seen:,} files seen, {a.articles:,} articles, "
        f"{a.placements:,} placements, {a.repaired:,} repaired, "
        f"{a.quarantined:,} quarantined, {seconds:.1f} seconds"
    )


if __name__ == "__main__":
    main()
