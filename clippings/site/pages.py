"""The one table of our pages: what the rest of the site must know of each.

A plugin declares its pages where it registers them:

    @hookimpl
    def register_routes() -> list[Route]:
        return routes(Page(r"^/changes$", changes, parameters=("page",), sitemap=True))

The sitemap, robots.txt, the check of base_url, the page cache and the limits read the table. Other
plugins may go on registering plain routes: of those nothing is known, so they are not cached.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode

from clippings.site.preferences import CHOICES

View = Callable[..., Awaitable[Any]]
Route = tuple[str, View]

Cost = Literal["free", "heavy", "table", "stream", "sql", "other"]
"""The concurrency limit that a page counts towards (clippings/site/limits.py): `free` is some
milliseconds whatever is asked, `heavy` may be a second or two (a search for whatever was typed),
`stream` sends a whole export. Datasette's own pages with parameters are `table` or `sql`, the
pages of other plugins `other`."""


class Page(NamedTuple):
    """An address, or a family of them, with what answers there."""

    pattern: str
    """Regular expression of the path below base_url, as Datasette matches routes: `^/archive$`."""

    view: View

    parameters: tuple[str, ...] | None = ()
    """Names of the parameters that the page reads; whoever asks with others is redirected to the
    page without them. None: any (a page that takes the filters of a table)."""

    sitemap: bool = False
    """Whether /sitemap-pages.xml names it; its pattern is then a plain path."""

    disallow: tuple[str, ...] = ()
    """Rules of robots.txt that keep crawlers away: `/search`, `/trends?`."""

    is_cached: bool = True
    """Whether the page cache may keep it: it depends on the database and the site's files only."""

    cost: Cost = "free"


_pages: dict[str, Page] = {}  # Datasette loads plugins outside sys.modules, at times twice


def routes(*pages: Page) -> list[Route]:
    """Declare pages, and return them as Datasette wants routes."""
    _pages.update({page.pattern: page for page in pages})
    return [(page.pattern, page.view) for page in pages]


def find(path: str) -> Page | None:
    """Return the page that Datasette would answer a path with, percent-encoded as it was sent."""
    return next((page for page in _pages.values() if re.match(page.pattern, path)), None)


def known_query(path: str, query: str) -> str:
    """Return the query string of a page without the parameters that it does not read."""
    page = find(path)
    if page is None or page.parameters is None:
        return query
    known = {*page.parameters, *CHOICES}
    pairs = parse_qsl(query, keep_blank_values=True)
    wanted = [pair for pair in pairs if pair[0] in known]
    return query if wanted == pairs else urlencode(wanted)


def sitemap_paths() -> list[str]:
    """Return the paths of the pages that the sitemap names."""
    return sorted(page.pattern.strip("^$") for page in _pages.values() if page.sitemap)


def disallowed() -> list[str]:
    """Return the rules of robots.txt that pages declare."""
    return sorted(rule for page in _pages.values() for rule in page.disallow)


def are_below(prefix: str) -> bool:
    """Return whether pages stand below a path with a slash at its end, such as `/export/`."""
    return any(page.pattern.startswith(f"^{prefix}") for page in _pages.values())
