"""Sending what is made, or read, piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from datasette.utils.asgi import Request

from clippings.site.asgi import Receive, Send

EXPORTING = ThreadPoolExecutor(1, thread_name_prefix="export")
"""Where what costs is made, one piece at a time, however many exports are open."""


T = TypeVar("T")


async def in_turn(make: Callable[..., T], *given: object) -> T:
    """Return what `make` gives for `given`, made where exports are, for the running request."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(EXPORTING, copy_context().run, make, *given)


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
        threads: Executor | None = None,
    ) -> None:
        """`threads` make the pieces; None: those of asyncio."""
        self._request, self._status, self._headers = request, status, headers
        self._pieces, self._close, self._threads = pieces, close, threads

    async def asgi_send(self, send: Send) -> None:
        """Send the pieces, none for HEAD; no further once the visitor has left."""
        loop = asyncio.get_running_loop()
        gone = asyncio.ensure_future(_visitor_left(self._request.receive))
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        start = {"type": "http.response.start", "status": self._status, "headers": headers}
        try:
            await send(start)
            while self._request.method != "HEAD" and not gone.done():
                piece = await loop.run_in_executor(self._threads, next, self._pieces, None)
                if piece is None:
                    break
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            self._close()


async def _visitor_left(receive: Receive) -> None:
    """Return once whoever asked is no longer there."""
    while (await receive())["type"] != "http.disconnect":
        pass
