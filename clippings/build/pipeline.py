"""The way from a folder of articles to clippings.db.

sources
  │ find_articles      SourceFile: sorted paths
  ▼ plan               which of them are to be read, which are gone
  │ prepare_rows       read ─► parse ─► convert ─► normalize ─► index ─► rows, on any worker
  ▼ map                bounded in flight
  │ Staging            a scratch file, in any order
  │ ArchiveWriter      copy, index, check: one writer
  ▼ publish            fsync, os.replace
clippings.db
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from clippings.build.executors import Mapper
from clippings.build.process import NOTHING_WITHHELD, prepare_rows
from clippings.build.publishing import draft_folder, publish
from clippings.database import (
    INSPECTED,
    ArchiveWriter,
    Staging,
    accounting_of,
    disk_errors,
    entries_used,
    inspect_data,
    inspected_beside,
    is_whole,
    known_files,
    quarantined_in,
    seal,
    state_path,
)
from clippings.database.rows import FileRows
from clippings.models import (
    UNREADABLE,
    BuildError,
    Built,
    Changes,
    Known,
    Plan,
    SourceFile,
)
from clippings.reading.identity import program_version
from clippings.reading.sources import ARTICLE_SUFFIXES, find_articles
from clippings.reading.withholding import Withholding

SHOWN = 10
"""Quarantined files that an error message names."""

MOST_TOLD = 1_000
"""Articles added or changed that the site is told of one by one."""

OnFile = Callable[[int, int], None]
"""Hears of progress: files done, files to read."""

Prepare = Callable[[Sequence[SourceFile]], Iterator[FileRows | None]]
Work = Callable[[Sequence[SourceFile]], list[FileRows | None]]


def build(
    sources: Sequence[Path | str],
    target: Path,
    run_map: Mapper,
    max_quarantined: float,
    on_file: OnFile,
    *,
    withholding: Withholding = NOTHING_WITHHELD,
    history: bool = False,
    fresh: bool = False,
) -> Built:
    """Build `target` from the articles below `sources` and publish it.

    `run_map` spreads the work; `max_quarantined` is the share of the files seen,
    0.0 to 1.0, above which nothing is published; `on_file` hears of progress as
    (files done, files to read); `withholding` says what is kept out; with `history`,
    git sources give every article that ever was. What the last build of `target`
    did is not done again, unless `fresh`. Beside the target, `inspect-data.json`
    tells Datasette that the database is immutable, and the state file tells the next
    build what this one did. Raises BuildError, and OSError where the target's folder
    cannot be written; the old database then stays.
    """
    articles, found = find_articles(sources, history)
    passed_over = tuple(sorted(found.items()))
    if not articles:
        kinds = " ".join(sorted(ARTICLE_SUFFIXES))
        where = ", ".join(map(str, sources))
        raise BuildError(f"no article found in {where}; articles end in {kinds}")
    with draft_folder(target) as folder, disk_errors(target):
        version = f"{program_version()} {withholding.digest} {history}"
        known = None if fresh else known_files(target, version)
        todo = plan(articles, known or {})
        if known and (todo.read or todo.gone) and not is_whole(target):
            known, todo = None, plan(articles, {})
        changes, read = Changes(), 0
        recount = known is not None and accounting_of(target).passed_over != passed_over
        if known is None or todo.read or todo.gone or recount:
            draft = _Draft(folder, target, base=None if known is None else target)
            prepare = partial(_prepare, run_map, partial(prepare_rows, withholding=withholding))
            read = draft.load(todo, {each.path: each for each in articles}, prepare, on_file)
            is_first, files_seen = known is None, len(articles)
            del articles, known, todo  # of large archives the writer can do with the room
            if is_first or draft.is_changed or recount:
                changes = draft.write(files_seen, passed_over, max_quarantined)
                draft.publish(version, changes)
            else:
                draft.publish_state()
        _hold_to_limit(target, max_quarantined)  # also where there was nothing to do
        return Built(accounting_of(target), changes, read, entries_used(target))


def plan(articles: Iterable[SourceFile], known: Mapping[str, Known]) -> Plan:
    """Decide what to read: what is new, or has another stamp than it had, or none at all."""
    read = []
    there = set()
    for article in articles:
        there.add(article.path)
        last = known.get(article.path)
        if last is None:
            read.append(article)
        elif not article.stamp or article.stamp != last.stamp:
            read.append(article._replace(known=last.digest))
    return Plan(tuple(read), tuple(sorted(known.keys() - there)))


class _Draft:
    """The files of a build in its own folder, from the first row to their publication."""

    def __init__(self, folder: Path, target: Path, base: Path | None) -> None:
        self._draft, self._scratch, self._inspect, self._state = (
            folder / name for name in ("draft", "scratch", "inspect", "state")
        )
        self._target, self._base = target, base
        if base:
            shutil.copyfile(state_path(target), self._state)
        self.is_changed = False

    def load(
        self, todo: Plan, articles: Mapping[str, SourceFile], prepare: Prepare, on_file: OnFile
    ) -> int:
        """Read and stage what is to be read. Gives how many files that were."""
        staging = Staging(self._scratch, self._state)
        try:
            read = self._stage(staging, todo.read, prepare, on_file)
            again = staging.drop((*staging.changed, *todo.gone))
            while again:
                read += self._stage(staging, [articles[path] for path in again], prepare, on_file)
                again = staging.drop(again)
            self.is_changed = bool(staging.changed or todo.gone)
            if not self.is_changed:
                staging.record()
            staging.commit()
        finally:
            staging.close()
        return read

    def _stage(
        self, staging: Staging, files: Sequence[SourceFile], prepare: Prepare, on_file: OnFile
    ) -> int:
        for done, (file, rows) in enumerate(zip(files, prepare(files), strict=True), 1):
            if rows is None:
                staging.keep(file)
            else:
                staging.add(file, rows)
            on_file(done, len(files))
        return len(files)

    def write(
        self, files_seen: int, passed_over: tuple[tuple[str, int], ...], max_quarantined: float
    ) -> Changes:
        """Make the database of what was staged. Raises BuildError when it cannot be published."""
        former = self._target if self._base is None and self._target.exists() else None
        writer = ArchiveWriter(self._draft, self._scratch, self._state, self._base, former)
        try:
            changes = writer.finish(files_seen, passed_over)
        finally:
            writer.close()
        _hold_to_limit(self._draft, max_quarantined)
        return changes

    def publish(self, version: str, changes: Changes) -> None:
        """Put the database, what the site wants to know of it, and the state in their places."""
        about = {**inspect_data(self._draft), "changes": _told(changes)}
        entry = {self._target.stem: {"file": self._target.name, **about}}
        inspected = {**inspected_beside(self._target), **entry}
        self._inspect.write_text(json.dumps(inspected, indent=1, sort_keys=True))
        seal(self._state, self._draft, version, about["hash"])
        publish({self._draft: self._target, self._inspect: self._target.with_name(INSPECTED)})
        self.publish_state()

    def publish_state(self) -> None:
        """Put the state in its place."""
        publish({self._state: state_path(self._target)})


def _prepare(run_map: Mapper, work: Work, files: Sequence[SourceFile]) -> Iterator[FileRows | None]:
    """Have the work done on the files; one that a worker could not read this process tries too:
    a worker of a cluster may not reach all that is in reach here."""
    for file, rows in zip(files, run_map(work, files), strict=True):
        is_unread = rows is not None and rows.digest.startswith(UNREADABLE)
        yield work([file])[0] if is_unread else rows


def _told(changes: Changes) -> dict[str, dict[str, Any]]:
    """How many articles were added, changed and removed, and the ids of MOST_TOLD of each.

    No title: what was removed may have been taken out at somebody's wish.
    """
    each = {field.name: getattr(changes, field.name) for field in fields(changes)}
    return {
        how: {"count": len(which), "ids": [key for key, _ in which[:MOST_TOLD]]}
        for how, which in each.items()
    }


def _hold_to_limit(database: Path, limit: float) -> None:
    accounting = accounting_of(database)
    if accounting.quarantined_share <= limit:
        return
    quarantined = quarantined_in(database, SHOWN)
    more = accounting.quarantined - len(quarantined)
    raise BuildError(
        f"{accounting.quarantined} of {accounting.files_seen} files cannot become articles, "
        f"above the limit of {limit:.1%}; nothing was published. Mend or move them, "
        "or raise --max-quarantined:\n"
        + "\n".join(f"  {reason}" for reason in quarantined)
        + (f"\n  and {more} more" if more > 0 else "")
    )
