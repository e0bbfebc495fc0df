"""Clippings: a folder of articles becomes one SQLite file, a website, and rows in a notebook.

>>> import clippings
>>> archive = clippings.open("clippings.db", frames=False)
>>> [row["title"] for row in archive.search("彗星 source:样例科技")][:1]
['样例彗星为什么有两条尾巴']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from clippings.library import Archive


def open(
    database: str | os.PathLike[str] = "clippings.db", *, frames: bool | None = None
) -> Archive:
    """Open a finished database to read: a file, or its http(s) address (see `Archive`).

    What an address offers is downloaded once and kept in the cache folder
    (`$XDG_CACHE_HOME/clippings`); each further call only asks whether it has changed.

    With `frames` the answers are pandas DataFrames, without they are lists of dicts; by default
    they are frames where pandas is installed (`pip install 'clippings[notebook]'`). Raises
    `clippings.models.OpenError`, which says what is wrong and what to try.
    """
    from clippings.library import open_archive  # importing the package stays light

    return open_archive(str(database), frames)


def load_ipython_extension(ipython: Any) -> None:
    """Add `%%sql` to a notebook that says `%load_ext clippings`: a cell of SQL for an archive.

        %%sql archive
        select title from articles where day = :day

    `archive` is the notebook's name of it, `:day` the notebook's variable `day`.
    """
    from clippings.library import Archive
    from clippings.models import OpenError

    def sql(line: str, cell: str) -> Any:
        """Run the cell in the archive that the line names."""
        archive = ipython.user_ns.get(line.strip())
        if not isinstance(archive, Archive):
            raise OpenError(f"%%sql {line}: name an archive, as in %%sql archive")
        return archive.sql(cell, ipython.user_ns)

    ipython.register_magic_function(sql, "cell")
