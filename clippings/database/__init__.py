"""SQLite, and nothing else of the build knows it:

FileRows ─► Staging (scratch file) ─► ArchiveWriter ─► draft of clippings.db
                    ▲                       │
                    └──── state file ◄──────┘   what the next build need not do again
"""

from clippings.build.state import is_whole, known_files, seal, state_path
from clippings.database.inspect import (
    INSPECTED,
    accounting_of,
    disk_errors,
    entries_used,
    inspect_data,
    inspected_beside,
    quarantined_in,
)
from clippings.database.staging import Staging
from clippings.database.writer import ArchiveWriter

__all__ = [
    "INSPECTED",
    "ArchiveWriter",
    "Staging",
    "accounting_of",
    "disk_errors",
    "entries_used",
    "inspect_data",
    "inspected_beside",
    "is_whole",
    "known_files",
    "quarantined_in",
    "seal",
    "state_path",
]
