"""The site's side of the process in which the SQL of strangers runs (clippings/site/sandbox.py).

LiveDatabase ── Query ──► sandbox        pickled, over its stdin and stdout;
             ◄─ Answer ─┘                the pipe ends where the process was killed
"""

from __future__ import annotations

import asyncio
import pickle
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from clippings.site import sandbox
from clippings.site.sandbox import READY, Answer, Query

_PROGRAM = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"


class SqlWorker:
    """The process that queries of one database file run in, one at a time."""

    def __init__(self, path: str, identity: tuple[int, ...]) -> None:
        """Start it. `identity` is that of the file at `path`. Raises OperationalError where it
        does not start, as when another file came in its place."""
        self._command = [sys.executable, "-c", _PROGRAM, sandbox.__file__, path, repr(identity)]
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sql-worker")
        self._process: subprocess.Popen[bytes] | None = self._start()

    async def run(self, query: Query) -> Answer:
        """Return the answer to a query. Raises what SQLite raises in the worker, and
        OperationalError where the worker was killed: "interrupted" if that was for its time."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._run, query)

    def close(self) -> None:
        """End the process, whatever runs in it."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if process := self._process:
            process.kill()
            _end(process)

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],  # where `import clippings` finds this package
            start_new_session=True,  # Ctrl-C is the site's; the worker ends with its pipe
        )
        assert process.stdout
        if process.stdout.read(len(READY)) != READY:
            _end(process)
            raise sqlite3.OperationalError("the archive was replaced meanwhile; ask again")
        return process

    def _run(self, query: Query) -> Answer:
        process = self._process = self._process or self._start()
        assert process.stdin and process.stdout
        try:
            pickle.dump(query, process.stdin)
            process.stdin.flush()
            answer: Answer | Exception = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            self._process = None  # the next query starts another, within a tenth of a second
            was_late = _end(process) == -signal.SIGALRM
            message = "interrupted" if was_late else "the query needs more memory than one may have"
            raise sqlite3.OperationalError(message) from None
        if isinstance(answer, Exception):
            raise answer
        return answer


def _end(process: subprocess.Popen[bytes]) -> int:
    """Wait until a worker has ended. Return its status, below 0 for a signal."""
    assert process.stdin and process.stdout
    with suppress(OSError):  # for what was not sent to it any more
        process.stdin.close()
    process.stdout.close()
    return process.wait()


def plain_parameters(sql: str, given: Any) -> Any:
    """Return parameters as a tuple or a dict; of a mapping, such as Datasette's magic parameters,
    the values whose names the SQL has."""
    if not isinstance(given, Mapping):
        return tuple(given or ())
    values = {}
    for name in re.findall(r"[:@$](\w+)", sql):
        with suppress(KeyError):  # SQLite says which value is missing
            values[name] = given[name]
    return values
