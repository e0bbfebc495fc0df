"""Every request gets an answer that says what is wrong, and costly ones take their turn.

In front of Datasette: addresses that make no sense are refused (400), and so is what would write
to a database that is only read (405); SQL, exports and tables with parameters pass a gate each,
beyond which comes 429 with Retry-After. Behind it: exceptions that Datasette raises over a
request's words become 400 or 404; all others stay.
"""

from collections.abc import Awaitable, Callable
from functools import wraps

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from clippings.site import local_path
from clippings.site.guard import (
    Busy,
    Gate,
    Receive,
    Scope,
    Send,
    complaint,
    exporting,
    gate_name,
    visitors_fault,
)
from clippings.site.refusals import BusyAnswers, problem, refuse

READING = {"GET", "HEAD", "OPTIONS"}

App = Callable[[Scope, Receive, Send], Awaitable[None]]


def gates_for(threads: int) -> dict[str, Gate]:
    """One query and one export at a time, and tables in half of Datasette's threads."""
    return {"sql": Gate(1, 4), "stream": Gate(1, 4), "table": Gate(max(2, threads // 2), 200)}


@hookimpl(tryfirst=True)  # innermost: the other plugins dress its answers too
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Put the guard in front of Datasette."""
    gates = gates_for(datasette.setting("num_sql_threads"))
    busy = BusyAnswers(datasette)

    def refusal(method: str, path: str, query: str) -> tuple[int, str] | None:
        asked = datasette.databases.get(path.strip("/").partition("/")[0].partition(".")[0])
        if asked is not None and not asked.is_mutable and method not in READING:
            return 405, "Nothing is written here"
        wrong = complaint(path, query)
        return (400, wrong) if wrong else None

    async def through_a_gate(
        app: App, name: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async with gates[name].entered():
            if name != "stream":
                return await app(scope, receive, send)
            async with exporting(gates[name], receive, send) as send_export:
                await app(scope, receive, send_export)

    def guard(app: App) -> App:
        @wraps(app)
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            query = scope["query_string"].decode("latin-1")
            path = local_path(datasette, scope["path"])
            if refused := refusal(scope["method"], path, query):
                answer = await refuse(datasette, scope, receive, *refused)
                await answer.asgi_send(send)
                return
            name = gate_name(path, query, tuple(datasette.databases))
            if name is None:
                return await app(scope, receive, send)
            try:
                await through_a_gate(app, name, scope, receive, send)
            except Busy:
                answer = await busy.answer(scope, receive)
                await answer.asgi_send(send)

        return guarded

    return guard


@hookimpl(tryfirst=True)
def handle_exception(
    datasette: Datasette, request: Request, exception: Exception
) -> Awaitable[Response] | None:
    """Answer what is the visitor's fault; the rest is for Datasette and its log."""
    status = visitors_fault(exception)
    if status is None:
        return None
    return problem(datasette, request, status, str(exception) or repr(exception))
