"""What the site is configured by: archive.yml beside the database goes before metadata.yml.

Datasette 1.0 takes the permissions, queries, sizes and style sheets of metadata.yml from its
configuration only: there all of it is put, a datasette.yaml goes before metadata.yml.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import StartupError
from datasette.utils.asgi import Request

from clippings.dataset.own import NAME, ArchiveFileError, read_own
from clippings.site.addresses import archive_file
from clippings.site.compatibility import IS_SECOND, merged

MOST_QUERIES = 1000


@hookimpl(tryfirst=True)  # the first hook at the start: templates, then plugins, read metadata
def prepare_jinja2_environment(datasette: Datasette) -> None:
    """Put it together. An archive.yml that cannot be meant stops the start and says why."""
    try:
        own = read_own(Path(archive_file(datasette).path).with_name(NAME))
    except ArchiveFileError as error:
        raise StartupError(str(error)) from None
    if IS_SECOND:
        datasette.config = merged(merged(datasette._metadata_local, datasette.config), own)
    datasette._metadata_local = merged(datasette._metadata_local, own)


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
