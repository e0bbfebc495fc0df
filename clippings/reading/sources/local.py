"""Folders and files of this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from clippings.models import SourceFile
from clippings.reading.sources.names import (
    ARCHIVE_FILE,
    Keyed,
    PassedOver,
    Reason,
    as_text,
    is_hidden,
    why_no_article,
)

SETTLED = 2 * 10**9
"""Nanoseconds after which a file that is written again has another time on any file system."""


def files_below(source: str, passed_over: PassedOver) -> Iterator[Keyed]:
    """Yield each article of a folder, or the one file, in any order.

    Links to files are followed inside the folder only; links to folders never.
    Cheap: one `stat` a file and nothing opened.
    """
    root = os.path.realpath(source)
    if os.path.isfile(root):
        yield root, SourceFile(as_text(os.path.basename(source)), root, stamp(os.stat(root)))
        return
    folders = [(root, "")]
    while folders:
        folder, below = folders.pop()
        try:
            entries = os.scandir(folder)
        except (FileNotFoundError, NotADirectoryError):
            if not below:
                raise
            passed_over["vanished"] += 1
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if is_hidden(entry.name):
                        passed_over["hidden"] += 1
                    else:
                        folders.append((entry.path, f"{below}{entry.name}/"))
                elif below + entry.name == ARCHIVE_FILE:
                    continue
                elif isinstance(found := _location(entry, root), tuple):
                    yield found[0], SourceFile(as_text(below + entry.name), *found)
                else:
                    passed_over[found] += 1


def _location(entry: os.DirEntry[str], root: str) -> tuple[str, str] | Reason:
    """Return location and stamp of an article in the source; of anything else why it is none."""
    if why := why_no_article(entry.name):
        return why
    try:
        if entry.is_file(follow_symlinks=False):
            return entry.path, stamp(entry.stat())
        real = os.path.realpath(entry.path)
        if os.path.isfile(real) and os.path.commonpath([real, root]) == root:
            return real, stamp(os.stat(real))
        return "link"
    except FileNotFoundError:  # removed since the folder was listed
        return "vanished"


def stamp(status: os.stat_result) -> str:
    """Return size, times and number of a file; empty for one that may change again within the tick.

    The time of modification can be set, as `cp -p`, `rsync -t` and `tar` do; that of the last
    change of any kind cannot. The number tells apart two files of which one takes the other's path.
    """
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < SETTLED:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
