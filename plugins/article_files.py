"""An article as a file: the address of its page with .md or .txt behind it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import NotFound, Response

from clippings.site import DATABASE
from clippings.site.reading import as_markdown_file, as_text_file

Row = Mapping[str, Any]


def is_article(database: str, table: str | None, view_name: str) -> bool:
    """Whether a page is that of one article."""
    return (database, table, view_name) == (DATABASE, "articles", "row")


def article_file(make: Callable[[Row], str], content_type: str) -> Callable[..., Response]:
    """A renderer of one article's row by `make`; of anything else there is no such file."""

    def render(rows: Sequence[Row], database: str, table: str | None, view_name: str) -> Response:
        if not is_article(database, table, view_name):
            raise NotFound("Only an article has this format")
        text = make(rows[0]).encode("utf-8", "replace")
        return Response(text, content_type=f"{content_type}; charset=utf-8")

    return render


def markdown_file(row: Row) -> str:
    """The article as it could be built again."""
    return as_markdown_file(row["front_matter"], row["markdown"])


def text_file(row: Row) -> str:
    """The article as plain text, with where it is from."""
    byline = " · ".join(filter(None, (row["source"], row["author"], row["published"], row["url"])))
    return as_text_file(row["title"], byline, row["markdown"])


@hookimpl
def register_output_renderer() -> list[dict[str, Any]]:
    """Add the two formats to Datasette's own."""
    return [
        {
            "extension": extension,
            "render": article_file(make, content_type),
            "can_render": is_article,
        }
        for extension, make, content_type in (
            ("md", markdown_file, "text/markdown"),
            ("txt", text_file, "text/plain"),
        )
    ]
