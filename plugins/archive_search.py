"""Datasette's own search box, `?_search=` and everyone's SQL speak the archive's query language.

search_query, escape_fts, search_snippet     see clippings.search.functions

Datasette's `?_search_title=` compares the index with articles.id, where it counts by docid, and so
would quietly find nothing: it is refused, with what to write instead.
"""

import sqlite3

from datasette import hookimpl
from datasette.utils.asgi import BadRequest, Request

from clippings.search.functions import register


# After Datasette's own, whose escape_fts would otherwise replace this one.
@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Register the functions with a connection."""
    register(conn)


@hookimpl
def filters_from_request(request: Request, table: str) -> None:
    """Refuse to search one column in the way that cannot work here."""
    asked = next((key for key in request.args if key.startswith("_search_")), None)
    if asked and table == "articles":
        field, value = asked.removeprefix("_search_"), request.args[asked]
        raise BadRequest(f"Search a column by the query: ?_search={field}:{value}")
