"""Every request gets an answer that says what is wrong, and costly ones take their turn.

In front of Datasette: parameters that make no sense are refused (400), and SQL, exports and
tables with parameters pass a gate each, beyond which comes 429 with Retry-After. Behind it:
exceptions that Datasette raises over a request's words become 400 or 404; all others stay.
"""

import asyncio
from contextlib import asynccontextmanager
from functools import wraps

from datasette import hookimpl
from datasette.utils.asgi import Request, Response

from clippings.guard import Busy, Gate, complaint, gate_name, visitors_fault
from clippings.site import page, words_for

RETRY_AFTER = 5
"""Seconds; a query runs for two at most."""

BATCH = 64 * 1024
"""Bytes of an export that are sent at once."""


class VisitorGone(BaseException):
    """The visitor of an export left; not for Datasette to handle."""


async def problem(datasette, request, status, message):
    """The answer to a request that is refused: a page of ours, or JSON where that was asked."""
    if request.path.endswith(".json"):
        about = {"ok": False, "error": message, "status": status, "title": None}
        return Response.json(about, status=status)
    say = words_for(request)
    known = f"error.{status}"
    title = say(known if known in say.strings else "error.other")
    context = {"status": status, "title": title, "message": message}
    return await page(datasette, request, "problem.html", context, status)


async def refuse(datasette, scope, receive, send, status, message):
    """Answer in place of Datasette; no form of ours posts, so it needs no token."""
    request = Request({**scope, "csrftoken": lambda: ""}, receive)
    response = await problem(datasette, request, status, message)
    if status == 429:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    await response.asgi_send(send)


@asynccontextmanager
async def in_batches(gate, receive, send):
    """`send` for an export: large pieces, others pass while one is on its way, and an end
    when the visitor has left."""
    held = bytearray()
    gone = asyncio.ensure_future(left(receive))

    async def send_in_batches(event):
        if event["type"] == "http.response.body":
            held.extend(event.get("body", b""))
            if event.get("more_body") and len(held) < BATCH:
                return
            event = {**event, "body": bytes(held)}
            held.clear()
        async with gate.stepped_out():
            await send(event)
        if gone.done():
            raise VisitorGone

    try:
        yield send_in_batches
    except VisitorGone:
        pass
    finally:
        gone.cancel()


async def left(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


def guarded(app, datasette):
    """The app behind its gates."""
    threads = datasette.setting("num_sql_threads")
    gates = {"sql": Gate(1, 4), "stream": Gate(1, 4), "table": Gate(max(2, threads // 2), 200)}

    async def answer(scope, receive, send):
        query = scope["query_string"].decode("latin-1")
        wrong = complaint(query)
        if wrong:
            return await refuse(datasette, scope, receive, send, 400, wrong)
        path = "/" + scope["path"].removeprefix(datasette.setting("base_url"))
        name = gate_name(path, query, tuple(datasette.databases))
        if name is None:
            return await app(scope, receive, send)
        gate = gates[name]
        async with gate.entered():
            if name != "stream":
                return await app(scope, receive, send)
            async with in_batches(gate, receive, send) as send_in_batches:
                await app(scope, receive, send_in_batches)

    return answer


@hookimpl(tryfirst=True)  # innermost: the other plugins dress its answers too
def asgi_wrapper(datasette):
    def guard(app):
        answer = guarded(app, datasette)

        @wraps(app)
        async def with_guard(scope, receive, send):
            if scope["type"] != "http":
                return await app(scope, receive, send)
            try:
                await answer(scope, receive, send)
            except Busy:
                busy = words_for(Request(scope, receive))("error.busy")
                await refuse(datasette, scope, receive, send, 429, busy)

        return with_guard

    return guard


@hookimpl(tryfirst=True)
def handle_exception(datasette, request, exception):
    status = visitors_fault(exception)
    if status is not None:
        return problem(datasette, request, status, str(exception))
