"""Describing the archive as a dataset, in one frozen value: from metadata.yml and the database,
which holds what archive.yml said.

    metadata.yml ┐
    clippings.db ┼─► describe ─► Description ─► formats: JSON-LD, Croissant, Frictionless, CFF
    the files    ┘                           ─► the pages: downloads, dictionary, datasheet

Texts are as metadata.yml has them, "中文 · English"; the pages show the reader's part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clippings.dataset.owner import merged, read_about
from clippings.dataset.tables import Table, read_tables

DATABASE = "clippings"
"""The name of the database in metadata.yml."""

_EXTENT = "select min(day), max(day) from articles"
_LANGUAGES = """
    select language from articles where language is not null
    group by language order by count(*) desc, language limit 20
"""
# What the conversion could not keep: its own notes, counted; an article may have several.
_LOSSES = """
    select code, count(*), count(distinct article), min(message)
    from diagnostics where stage = 'convert' group by code order by 3 desc, code
"""


Agent = Mapping[str, str]
"""Somebody who made the dataset, or answers for it: a `name`, maybe a `url` and an `email`."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a release. `table` is the one whose rows it holds, None for all of them."""

    name: str
    media_type: str
    size: int
    sha256: str
    table: str | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that the formats and pages say. Days are ISO 8601, None in an empty archive."""

    title: str
    summary: str
    license: str
    license_url: str | None
    source_url: str | None
    home_url: str | None  # where the site is; None: it has no address of its own
    creators: tuple[Agent, ...]
    contact: Agent | None
    coverage: str
    first_day: str | None
    last_day: str | None
    languages: tuple[str, ...]
    limits: tuple[str, ...]
    sections: Mapping[str, str]  # the datasheet's: motivation, collection, cleaning, rights
    counts: Mapping[str, int]  # of the build: files_seen, articles, …
    losses: tuple[tuple[str, int, int, str], ...]  # code, notes, articles, an example
    tables: tuple[Table, ...]
    files: tuple[File, ...]

    @property
    def version(self) -> str:
        """Return the newest day as MAJOR.MINOR.PATCH: a new version has newer articles."""
        parts = (self.last_day or "0-0-0").split("-")
        return ".".join(str(int(part)) for part in parts)


def describe(
    conn: sqlite3.Connection, metadata: Mapping[str, Any], files: Sequence[File] = ()
) -> Description:
    """Return the description. `metadata` is all of metadata.yml, before which goes what the owner
    says in the database; `files` is what can be downloaded."""
    metadata = merged(metadata, read_about(conn))
    about = metadata.get("plugins", {}).get(DATABASE, {}).get("dataset", {})
    first_day, last_day = conn.execute(_EXTENT).fetchone()
    return Description(
        title=metadata.get("title") or "Clippings",
        summary=metadata.get("description") or "",
        license=metadata.get("license") or "",
        license_url=metadata.get("license_url"),
        source_url=metadata.get("source_url"),
        home_url=about.get("url"),
        creators=tuple(about.get("creators", ())),
        contact=about.get("contact"),
        coverage=about.get("coverage", ""),
        first_day=first_day,
        last_day=last_day,
        languages=tuple(row[0] for row in conn.execute(_LANGUAGES)),
        limits=tuple(about.get("limits", ())),
        sections=about.get("datasheet", {}),
        counts={row[0]: row[1] for row in conn.execute("select name, count from accounting")},
        losses=tuple(tuple(row) for row in conn.execute(_LOSSES)),
        tables=read_tables(conn, (metadata.get("databases") or {}).get(DATABASE, {})),
        files=tuple(files),
    )
