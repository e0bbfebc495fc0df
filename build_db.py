#!/usr/bin/env python3
"""Turn folders of articles into clippings.db: the command line and nothing else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from clippings.build.executors import Mapper, collect_seldom, mapper, usable_cores
from clippings.build.pipeline import build
from clippings.dataset.owner import as_metadata, as_rows, load_yaml, merged, parse_archive_file
from clippings.models import BuildError, BuildResult
from clippings.reading.sources import (
    ARCHIVE_FILE,
    is_address,
    is_git,
    is_readable,
    read_archive_file,
)
from clippings.reading.withholding import read_withholding

METADATA = Path(__file__).with_name("metadata.yml")
"""What holds of every archive; archive.yml goes before it."""

SECONDS_BETWEEN_LINES = 5.0
"""How often it is told how far a step is."""

WHY = {
    "hidden": "hidden",
    "ending": "with another ending",
    "link": "links that lead out, or no ordinary files",
    "vanished": "gone when looked at",
    "repeated": "met twice",
}
"""Why something was passed over, in words."""


class Source(click.Path):
    """A folder or file that exists, or an address: `git+…`, `zip://…`, `https://…`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return an address as it is written, anything else as a path."""
        return value if is_address(str(value)) else super().convert(value, param, ctx)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument(
    "sources",
    metavar="[SOURCE]...",
    nargs=-1,
    type=Source(exists=True, readable=True, path_type=Path),
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
    "--archive",
    "archive_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What you say of the archive: its title, what is kept out … (docs/publishing.md).  "
    "[default: archive.yml at the top of a SOURCE]",
)
@click.option(
    "--release",
    "release_folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files that people download: the database, Parquet, JSON Lines, Markdown.",
)
@click.option(
    "--history",
    is_flag=True,
    help="Of git sources, every article that ever was, with its earlier versions.",
)
@click.option("--fresh", is_flag=True, help="Read and convert every file, also the unchanged.")
@click.option(
    "--max-quarantined",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Publish nothing when more of the files than this cannot become articles.",
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
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something is wrong.")
def main(
    sources: tuple[Path | str, ...],
    output: Path,
    archive_file: Path | None,
    release_folder: Path | None,
    history: bool,
    fresh: bool,
    max_quarantined: float,
    jobs: int,
    scheduler: str | None,
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
    if not _is_replaceable(output):
        raise click.BadParameter(f"{output} is no database; it stays", param_hint="--output")
    if history and not any(is_git(str(source)) for source in sources):
        raise click.UsageError("--history needs a git source: git+PATH[@REV][:FOLDER]")
    folders = sources or (Path(__file__).with_name("seeds"),)
    began = time.monotonic()
    collect_seldom()
    with _told_errors(output):
        name, said = _archive_file(archive_file, folders)
        metadata = merged(load_yaml(METADATA.read_bytes()), as_metadata(said))
        withholding = read_withholding(metadata["plugins"]["clippings"], name)
        run_map = _cluster(scheduler) if scheduler else mapper(jobs)
        progress = Progress(quiet)
        progress.tell(f"Looking for articles in {', '.join(map(str, folders))}")
        built = build(
            *(folders, output, run_map, max_quarantined, progress.read),
            withholding=withholding,
            about=as_rows(said),
            history=history,
            fresh=fresh,
        )
        for idle in withholding.idle(built.entries_used):
            click.echo(f"Warning: {idle}", err=True)
        if not quiet:
            click.echo(summary(built, output, time.monotonic() - began))
        if release_folder:
            from clippings.dataset.release import release  # not for every build

            release(output, release_folder, metadata, progress.write)


def _is_replaceable(output: Path) -> bool:
    """Whether a build may take the place of what is there: nothing, or a database."""
    if not output.is_file():
        return True
    with output.open("rb") as file:
        return file.read(16) in (b"", b"SQLite format 3\0")


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


def _archive_file(file: Path | None, sources: Sequence[Path | str]) -> tuple[str, dict[str, Any]]:
    """Return the name of archive.yml and what it says: of `file`, else of that in the sources.

    Raises BuildError where two sources have one.
    """
    if file:
        return str(file), parse_archive_file(file.read_bytes(), str(file))
    read = {f"{source}: {ARCHIVE_FILE}": read_archive_file(source) for source in sources}
    found = [(name, text) for name, text in read.items() if text is not None]
    if len(found) > 1:
        names = " and ".join(name for name, _ in found)
        raise BuildError(f"{names}: an archive has one; name the one that counts by --archive")
    return (found[0][0], parse_archive_file(*found[0][::-1])) if found else (METADATA.name, {})


def _cluster(scheduler: str) -> Mapper:
    """Return the map over a cluster. Dask is an extra, and takes half a second to load."""
    try:
        from clippings.build.cluster import cluster_mapper
    except ImportError as error:
        raise BuildError(
            f"--scheduler needs Dask distributed ({error}): pip install '.[cluster]'"
        ) from error
    return cluster_mapper(scheduler, is_readable)


class Progress:
    """Says on standard error what begins, and every few seconds how far it is."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._step, self._began, self._told = quiet, "", 0.0, 0.0

    def tell(self, step: str, done: str = "") -> None:
        """Say what begins, or after some seconds how much of it is done."""
        now = time.monotonic()
        if step != self._step:
            self._step, self._began, done = step, now, "…"
        elif now - self._told < SECONDS_BETWEEN_LINES:
            return
        self._told = now
        if not self._quiet:
            click.echo(f"{step} {done}", err=True)

    def read(self, done: int, total: int) -> None:
        """Say how many files are read; after the last one, what comes then."""
        rate = done / max(time.monotonic() - self._began, 1e-6)
        left = f"{done:,} done, {(total - done) / rate:.0f} s left"
        self.tell(f"Reading {total:,} files", left)
        if done == total:
            self.tell("Writing the tables and the search index")

    def write(self, name: str, size: int) -> None:
        """Say which file of a release is written, and how many bytes of it are."""
        self.tell(f"Writing {name}", f"{size / 2**20:,.0f} MiB")


def summary(built: BuildResult, output: Path, seconds: float) -> str:
    """Return what became of the files, for a person, on a few lines."""
    a, changes = built.accounting, built.changes
    became = ((how, len(which)) for how, which in changes._asdict().items())
    changed = ", ".join(f"{count:,} {how}" for how, count in became if count)
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
