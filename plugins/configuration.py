"""What the site is configured by: what the owner says in the database goes before metadata.yml.

Datasette 1.0 takes the permissions, queries, sizes and style sheets of metadata.yml from its
configuration only: there all of it is put, a datasette.yaml goes before metadata.yml.
"""

from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

from clippings.dataset.owner import merged, read_about
from clippings.dataset.tables import open_readonly
from clippings.site.addresses import archive_file
from clippings.site.compatibility import IS_SECOND

MOST_QUERIES = 1000


@hookimpl(tryfirst=True)  # the first hook at the start: templates, then plugins, read metadata
def prepare_jinja2_environment(datasette: Datasette) -> None:
    """Put it together."""
    with closing(open_readonly(Path(archive_file(datasette).path))) as conn:
        about = read_about(conn)
    if IS_SECOND:
        datasette.config = merged(merged(datasette._metadata_local, datasette.config), about)
    datasette._metadata_local = merged(datasette._metadata_local, about)


@hookimpl(tryfirst=True)  # what other plugins do at the start depends on it
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]] | None:
    """Let Datasette 1.0 read its ready queries anew."""
    if not IS_SECOND:
        return None
    from datasette.stored_queries import save_queries_from_config

    return partial(save_queries_from_config, datasette)


async def all_queries(datasette: Datasette, request: Request, database: str) -> dict[str, Any]:
    """Return what the page of a database lists of its queries: each, where 1.0 shows five."""
    page = await datasette.list_queries(
        database, actor=request.actor, limit=MOST_QUERIES, include_private=True
    )
    return {"queries": page.queries, "queries_more": page.has_more}


@hookimpl
def extra_template_vars(
    datasette: Datasette, request: Request | None, template: str, database: str | None
) -> Awaitable[dict[str, Any]] | None:
    """Give them to that page."""
    if not (IS_SECOND and request and database and template.startswith("database")):
        return None
    return all_queries(datasette, request, database)
