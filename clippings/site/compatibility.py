"""What the two lines of Datasette, 0.65 and 1.0, do in different ways, each in one place.

Datasette 1.0 takes as configuration what metadata.yml says of permissions, queries and sizes,
asks its own database for titles, and names what a permission is for by a class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datasette.app import Datasette

IS_SECOND = hasattr(Datasette, "add_query")
"""Whether this is Datasette 1.0."""

SQL_PAGE = "/-/query" if IS_SECOND else ""
"""What stands behind the address of a database where anyone's SQL is asked; 1.0 sends those who
ask at the address itself on to it."""


def described(datasette: Datasette) -> Mapping[str, Any]:
    """All that metadata.yml says; on 1.0 plugins/live_archive.py puts it together."""
    said: Mapping[str, Any] = datasette.config if IS_SECOND else datasette._metadata_local
    return said


def described_database(datasette: Datasette, database: str) -> Mapping[str, Any]:
    """What metadata.yml says of a database; nothing of one that it does not know."""
    return (described(datasette).get("databases") or {}).get(database) or {}


def described_table(datasette: Datasette, database: str, table: str) -> Mapping[str, Any]:
    """What metadata.yml says of a table or query; nothing of one that it does not know."""
    said = described_database(datasette, database)
    known = {**(said.get("queries") or {}), **(said.get("tables") or {})}
    found: Mapping[str, Any] = known.get(table) or {}
    return found


async def ensure_download(datasette: Datasette, actor: Any, database: str) -> None:
    """Raise Forbidden where Datasette would not give the file of a database to this visitor."""
    if IS_SECOND:
        from datasette.resources import DatabaseResource

        await datasette.ensure_permission(
            action="view-database-download", resource=DatabaseResource(database), actor=actor
        )
    else:
        permissions = [("view-database-download", database), ("view-database", database)]
        await datasette.ensure_permissions(actor, [*permissions, "view-instance"])
