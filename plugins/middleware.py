"""What stands around Datasette: clippings/site/middleware.py."""

from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import path_with_replaced_args
from datasette.utils.asgi import Request

from clippings.site.asgi import App
from clippings.site.middleware import Middleware


@hookimpl(trylast=True)  # around the middleware of other plugins
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Put it there."""
    return lambda app: Middleware(datasette, app)


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    """Mend the one link in Datasette's templates that leaves base_url out: more of a facet."""

    def replaced(request: Request, args: Any, path: str | None = None) -> Any:
        return datasette.urls.path(path_with_replaced_args(request, args, path))

    return {"path_with_replaced_args": replaced}
