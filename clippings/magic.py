"""`%%sql` in a notebook, after `%load_ext clippings.magic`: the cell is SQL for an open archive.

    %%sql archive
    select title from articles where day = :day

`archive` is the notebook's name of it; `:day` is the notebook's variable `day`. The answer is a
table as the archive gives it, and search_query is there as on the site.
"""

from __future__ import annotations

from typing import Any

from clippings.library import Archive
from clippings.models import OpenError


def load_ipython_extension(ipython: Any) -> None:
    """Make the magic known to the notebook that asks for it."""

    def sql(line: str, cell: str) -> Any:
        """Run the cell in the archive that the line names."""
        archive = ipython.user_ns.get(line.strip())
        if not isinstance(archive, Archive):
            raise OpenError(f"%%sql {line}: name an archive, as in %%sql archive")
        return archive.sql(cell, ipython.user_ns)

    ipython.register_magic_function(sql, "cell")
