"""ASGI applications, their types, and one that changes the headers of another's answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import wraps
from typing import Any

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def changing_headers(app: App, change: Callable[[Scope, Headers], Headers]) -> App:
    """Return an application that answers as `app` does, with the headers that `change` makes."""

    @wraps(app)
    async def changed(scope: Scope, receive: Any, send: Any) -> None:
        async def send_changed(event: MutableMapping[str, Any]) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = change(scope, list(event.get("headers", ())))
            await send(event)

        await app(scope, receive, send_changed)

    return changed
