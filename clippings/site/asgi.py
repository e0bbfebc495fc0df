"""Types of ASGI applications (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def changing_headers(send: Send, change: Callable[[Headers], Headers]) -> Send:
    """Return a `send` that sends an answer with the headers that `change` makes of its own."""

    async def send_changed(event: Event) -> None:
        if event["type"] == "http.response.start":
            event = {**event, "headers": change(list(event.get("headers", ())))}
        await send(event)

    return send_changed
