"""The dataset that the site offers: its description, and the files of the release beside it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from clippings.dataset.checksums import NAME, read_checksums
from clippings.dataset.description import Description, File, describe
from clippings.dataset.formats import OURS
from clippings.site.addresses import DATABASE, archive
from clippings.site.compatibility import described
from clippings.site.downloads import OpenFile

DESCRIPTIONS = ("datapackage.json", "croissant.json", "CITATION.cff")
"""Files of a release that describe the others."""

_TOP = ("title", "description", "license", "license_url", "source_url")

_kept: dict[str, tuple[Any, Description]] = {}
"""The path of a database → what its description was made of, and the description."""


async def description(datasette: Datasette) -> Description:
    """Return what metadata.yml, the database and the release say; downloads are its `files`.

    The database is the one that the request is pinned to. It is read once for each database and
    release.
    """
    live, said = archive(datasette), described(datasette)
    metadata = {name: said[name] for name in _TOP if said.get(name)}
    metadata["plugins"] = {DATABASE: datasette.plugin_config(DATABASE) or {}}
    metadata["databases"] = said.get("databases") or {}
    folder = release_folder(Path(live.path))
    served = File(
        f"{DATABASE}.db", "application/vnd.sqlite3", live.size, live.hash or "", None, None
    )
    made_of = served, _stamp(Path(live.path)), _stamp(folder / NAME), metadata
    kept = _kept.get(live.path)
    if kept is None or kept[0] != made_of:
        found = await live.execute_fn(
            lambda conn: describe(conn, metadata, released_files(folder) or [served])
        )
        kept = _kept[live.path] = made_of, found
    return kept[1]


def release_folder(database: Path) -> Path:
    """Return where the release of a database lies: in `release` beside it."""
    return database.with_name("release")


def released_files(folder: Path) -> list[File]:
    """Return the data files of the release in `folder`, by its datapackage.json; [] for none."""
    package = open_released(folder, DESCRIPTIONS[0])
    if package is None:
        return []
    with open(package.descriptor, "rb") as file:
        return [File(**resource[OURS]) for resource in json.load(file)["resources"]]


def open_released(folder: Path, name: str) -> OpenFile | None:
    """Open a file that SHA256SUMS of the release in `folder` lists; None: it lists none.

    Both are opened below one descriptor of the folder, so that they are of one release,
    whatever is swapped in meanwhile.
    """
    try:
        place = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        with open(os.open(NAME, os.O_RDONLY, dir_fd=place), "rb") as file:
            text = file.read()
        digests = {**read_checksums(text.decode()), NAME: hashlib.sha256(text).hexdigest()}
        if name not in digests:
            return None
        descriptor = os.open(name, os.O_RDONLY, dir_fd=place)
        return OpenFile(name, descriptor, os.fstat(descriptor).st_size, digests[name])
    except (FileNotFoundError, NotADirectoryError):  # no release, or one that is being removed
        return None
    finally:
        os.close(place)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what tells one file at a path from the next; None: there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
