"""What the build said of the edition of the archive that is served."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from datasette.database import Database

WRITTEN = "inspect-data.json"
"""The file beside the database in which the build says it; Datasette's name and place for it."""


@dataclass(frozen=True, slots=True)
class Change:
    """How many articles were added, changed or removed, and the ids of the newest of them."""

    count: int
    ids: list[int]


def read_changes(database: Database) -> dict[str, Change] | None:
    """Return `added`, `changed` and `removed` of the very edition that is served; None: unknown."""
    try:
        written = json.loads(Path(database.path).with_name(WRITTEN).read_text("utf-8"))
    except FileNotFoundError:
        return None
    for entry in written.values():
        if entry["hash"] == database.hash and "changes" in entry:
            found = entry["changes"].items()
            return {how: Change(change["count"], change.get("ids", [])) for how, change in found}
    return None


async def is_first_edition(database: Database, changes: dict[str, Change]) -> bool:
    """Return whether every article of the archive is new."""
    return bool(changes["added"].count == (await database.table_counts())["articles"])
