"""The description of the dataset that the site serves, read once for each database and release."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from datasette.app import Datasette

from clippings.dataset.checksums import NAME
from clippings.dataset.description import Description, describe
from clippings.dataset.tables import open_readonly
from clippings.site import DATABASE, archive
from clippings.site.downloads import downloads, release_folder
from clippings.site.lines import described

Stamp = tuple[int, int, int]

_TOP = ("title", "description", "license", "license_url", "source_url")


async def description(datasette: Datasette) -> Description:
    """What metadata.yml, the database and the release say; downloads are its `files`."""
    live = archive(datasette)
    path = Path(live.path)
    said = described(datasette)
    metadata = {name: said[name] for name in _TOP if said.get(name)}
    metadata["plugins"] = {DATABASE: datasette.plugin_config(DATABASE) or {}}
    metadata["databases"] = said.get("databases") or {}
    stamps = (_stamp(path), _stamp(release_folder(path) / NAME))
    served = (f"{DATABASE}.db", live.size, live.hash or "")
    return await asyncio.to_thread(_read, path, stamps, served, json.dumps(metadata))


@lru_cache(maxsize=4)
def _read(
    path: Path, stamps: tuple[Stamp | None, ...], served: tuple[str, int, str], metadata: str
) -> Description:
    files = downloads(release_folder(path), *served)
    with closing(open_readonly(path)) as conn:
        return describe(conn, json.loads(metadata), files)


def _stamp(path: Path) -> Stamp | None:
    """What tells one file at a path from the next; None: there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
