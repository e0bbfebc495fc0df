"""A build in its own folder, from the first file that is read to the finished database.

files ─► prepare_rows on any worker ─► spool ─► choose ─► ArchiveWriter ─► draft of clippings.db
                                         └───► state ─► find_similar ──┘
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from clippings.build.executors import Mapper
from clippings.build.pipeline import OnFile
from clippings.build.process import load_tables, prepare_rows
from clippings.build.publishing import locked, publish
from clippings.build.state import State, state_path
from clippings.database.articles import choose
from clippings.database.checks import check, inspect_data
from clippings.database.inspect import INSPECTED, inspected_beside
from clippings.database.rows import FileRows
from clippings.database.spool import Spool
from clippings.database.writer import INDEX_PARTS, ArchiveWriter
from clippings.models import (
    UNREADABLE,
    AboutRows,
    BuildError,
    Changes,
    FileState,
    Plan,
    SourceFile,
)
from clippings.reading.withholding import Withholding
from clippings.similarity import ArticleFeatures, find_similar

Work = Callable[[Sequence[SourceFile]], list[FileRows | None]]


MOST_TOLD = 1_000
"""Articles added or changed that the site is told of one by one."""


class Draft:
    """The files of a build in its own folder, beside what the last build `known` of each path;
    None: there is nothing to build on. For one `load` and `write`, in a `with`."""

    def __init__(self, folder: Path, target: Path, known: Mapping[str, FileState] | None) -> None:
        self.database, self._state_file = folder / "draft", folder / "state"
        self._target, self._is_new, self._known = target, known is None, known or {}
        if not self._is_new:
            shutil.copyfile(state_path(target), self._state_file)
        self._state = State(self._state_file)
        self._spool = Spool(folder / "spool")
        self._dropped: set[str] = set()
        self._texts: set[str | None] = set()

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *error: object) -> None:
        self._spool.close()
        self._state.close()

    @property
    def is_changed(self) -> bool:
        """Whether the database will be another than the last one."""
        return self._is_new or bool(self._dropped)

    def load(
        self,
        todo: Plan,
        articles: Mapping[str, SourceFile],
        withholding: Withholding,
        run_map: Mapper,
        on_file: OnFile,
    ) -> int:
        """Read what is to be read, and note it. Return how many files that were.

        A text of which any file is new, changed or gone is written anew: all files with it are
        read.
        """
        if self._is_new:
            load_tables()
        work = partial(prepare_rows, withholding=withholding)
        self._dropped.update(todo.gone)
        self._texts.update(self._known[path].text for path in todo.gone)
        self._state.forget(todo.gone, ())
        files, read = todo.read, 0
        while True:
            for done, (file, rows) in enumerate(_prepared(run_map, work, files), 1):
                self._note(file, rows)
                on_file(done, len(files))
            read += len(files)
            files = tuple(articles[path] for path in self._sharing())
            if not files:
                return read

    def write(
        self, files_seen: int, passed_over: tuple[tuple[str, int], ...], about: AboutRows
    ) -> Changes:
        """Make the database of what was read; the first parameters are as in Accounting.

        Raises BuildError when a check finds what must never be: then there is nothing to publish.
        """
        former = self._target if self._is_new and self._target.exists() else None
        base = None if self._is_new else self._target
        articles = choose(self._spool.files)
        self._spool.flush()
        with (
            closing(ArchiveWriter(self.database, self._spool, articles, base, former)) as writer,
            ThreadPoolExecutor(INDEX_PARTS) as threads,
        ):
            parts = range(INDEX_PARTS if self._is_new else 0)
            written = threads.map(writer.write_index_part, parts)
            self._state.forget((), writer.write(self._dropped))
            self._state.note_features(
                (article.id, article.published, *self._spool.features(article.lead))
                for article in articles
            )
            writer.relate(find_similar(ArticleFeatures.of(self._state.features())))
            list(written)  # waits for them
            writer.index()
            changes = writer.finish(files_seen, passed_over, about)
        if wrong := check(self.database):
            way_out = "" if self._is_new else "; build everything anew with --fresh"
            raise BuildError(f"{wrong}{way_out}")
        return changes

    def publish(self, version: str, changes: Changes) -> None:
        """Put the database, and what the site wants to know of it, in their places."""
        about = {**inspect_data(self.database), "changes": _told(changes)}
        entry = {self._target.stem: {"file": self._target.name, **about}}
        self._state.belongs_to(self.database, version, about["hash"])
        inspected = self.database.with_name("inspect")
        with locked(self._target.parent):  # another build may publish another database there
            entries = {**inspected_beside(self._target), **entry}
            inspected.write_text(json.dumps(entries, indent=1, sort_keys=True))
            publish({self.database: self._target, inspected: self._target.with_name(INSPECTED)})

    def publish_state(self) -> None:
        """Put the state in its place; the last step."""
        self._state.commit()
        self._state.close()
        publish({self._state_file: state_path(self._target)})

    def _note(self, file: SourceFile, rows: FileRows | None) -> None:
        was = self._known.get(file.path)
        if rows is None:  # it holds what it held
            assert was is not None  # else nobody knows what it held
            self._state.note(file.path, was._replace(stamp=_stamp(file, was.digest)))
            return
        text = rows.placement and rows.placement.text
        self._dropped.add(file.path)
        self._texts.update((text, was and was.text))
        self._state.note(file.path, FileState(_stamp(file, rows.digest), rows.digest, text))
        self._spool.add(rows._replace(path=file.path))

    def _sharing(self) -> list[str]:
        """Return the files, not read yet, that share a text with one that is new or leaves."""
        self._texts.discard(None)
        return sorted(
            path
            for path, was in self._known.items()
            if was.text in self._texts and path not in self._dropped
        )


def _told(changes: Changes) -> dict[str, dict[str, Any]]:
    """How many articles were added, changed and removed, and the ids of MOST_TOLD of each.

    No title: what was removed may have been taken out at somebody's wish.
    """
    return {
        how: {"count": len(ids), "ids": ids[:MOST_TOLD]} for how, ids in changes._asdict().items()
    }


def _prepared(
    run_map: Mapper, work: Work, files: Sequence[SourceFile]
) -> Iterator[tuple[SourceFile, FileRows | None]]:
    """Have the work done on the files; one that a worker could not read this process tries too:
    a worker of a cluster may not reach all that is in reach here."""
    for file, rows in zip(files, run_map(work, files), strict=True):
        is_unread = rows is not None and rows.digest.startswith(UNREADABLE)
        yield file, work([file])[0] if is_unread else rows


def _stamp(source: SourceFile, digest: str) -> str:
    """Return the stamp by which a file is known; none where it is to be tried again."""
    return "" if digest.startswith(UNREADABLE) else source.stamp
