"""What stands around Datasette, in one order; clippings/site/middleware.py says what each does."""

from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import path_with_replaced_args
from datasette.utils.asgi import Request

from clippings.site import middleware
from clippings.site.asgi import App

INNERMOST_FIRST = (
    middleware.without_prefix,
    middleware.validation_and_limits,
    middleware.choices,
    middleware.snapshots_and_cache,
    middleware.canonical_address,
    middleware.security_headers,
)


@hookimpl(trylast=True)  # around the middleware of other plugins
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Put the layers around Datasette."""

    def wrap(app: App) -> App:
        for layer in INNERMOST_FIRST:
            app = layer(datasette)(app)
        return app

    return wrap


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    """Mend the one link in Datasette's templates that leaves base_url out: more of a facet."""

    def replaced(request: Request, args: Any, path: str | None = None) -> Any:
        return datasette.urls.path(path_with_replaced_args(request, args, path))

    return {"path_with_replaced_args": replaced}
