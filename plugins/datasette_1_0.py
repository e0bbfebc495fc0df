"""Datasette 1.0 obeys metadata.yml as 0.65 does: permissions, queries, sizes, style sheets.

0.65 has none of these hooks but `startup` and `extra_template_vars`, and needs neither.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

from clippings.site.compatibility import IS_SECOND, merged

MOST_QUERIES = 1000


async def all_queries(datasette: Datasette, request: Request, database: str) -> dict[str, Any]:
    """What the page of a database lists of its queries: each, where 1.0 shows five."""
    page = await datasette.list_queries(
        database, actor=request.actor, limit=MOST_QUERIES, include_private=True
    )
    return {"queries": page.queries, "queries_more": page.has_more}


@hookimpl(tryfirst=True)  # what other plugins do at the start depends on it
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]] | None:
    """Take metadata.yml for configuration: datasette.yaml, where there is one, goes before it."""
    if not IS_SECOND:
        return None
    from datasette.stored_queries import save_queries_from_config

    datasette.config = merged(datasette._metadata_local, datasette.config)
    return partial(save_queries_from_config, datasette)


@hookimpl
def extra_template_vars(
    datasette: Datasette, request: Request | None, template: str, database: str | None
) -> Awaitable[dict[str, Any]] | None:
    """Give them to that page."""
    if not (IS_SECOND and request and database and template.startswith("database")):
        return None
    return all_queries(datasette, request, database)
