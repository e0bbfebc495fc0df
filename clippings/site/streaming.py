"""Sending what is made, or read, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from datasette.utils.asgi import Request

from clippings.site.limits import visitor_left


class StreamedResponse:
    """An answer of Datasette's kind of `pieces` that are made in a thread.

    `close` is called in the end, whatever happens. An exception on the way breaks the connection
    off, so that no client takes a part for the whole.
    """

    def __init__(
        self,
        request: Request,
        status: int,
        headers: dict[str, str],
        pieces: Iterator[bytes],
        close: Callable[[], None],
    ) -> None:
        self._request, self._status, self._headers = request, status, headers
        self._pieces, self._close = pieces, close

    async def asgi_send(self, send: Any) -> None:
        """Send the pieces; no further once the visitor has left."""
        gone = asyncio.ensure_future(visitor_left(self._request.receive))
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        start = {"type": "http.response.start", "status": self._status, "headers": headers}
        try:
            await send(start)
            while not gone.done():
                piece = await asyncio.to_thread(next, self._pieces, None)
                if piece is None:
                    break
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._close()
