"""The description of the dataset that the site serves, read once for each database and release."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from clippings.dataset.checksums import NAME
from clippings.dataset.description import Description, describe
from clippings.site import DATABASE, archive
from clippings.site.compatibility import described
from clippings.site.downloads import downloads, release_folder

Stamp = tuple[int, int, int]

MOST = 4
"""Descriptions that are kept."""

_kept: dict[tuple[Any, ...], Description] = {}
_TOP = ("title", "description", "license", "license_url", "source_url")


async def description(datasette: Datasette) -> Description:
    """What metadata.yml, the database and the release say; downloads are its `files`.

    The database is the edition that the request is pinned to.
    """
    live = archive(datasette)
    path = Path(live.path)
    said = described(datasette)
    metadata = {name: said[name] for name in _TOP if said.get(name)}
    metadata["plugins"] = {DATABASE: datasette.plugin_config(DATABASE) or {}}
    metadata["databases"] = said.get("databases") or {}
    stamps = (_stamp(path), _stamp(release_folder(path) / NAME))
    served = (f"{DATABASE}.db", live.size, live.hash or "")
    asked = path, stamps, served, json.dumps(metadata)
    if asked not in _kept:
        found = await live.execute_fn(
            lambda conn: describe(conn, metadata, downloads(release_folder(path), *served))
        )
        while len(_kept) >= MOST:
            _kept.pop(next(iter(_kept)))
        _kept[asked] = found
    return _kept[asked]


def _stamp(path: Path) -> Stamp | None:
    """What tells one file at a path from the next; None: there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
