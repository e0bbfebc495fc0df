"""A limit to the time that one article may take."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType


class TookTooLong(Exception):
    """The work within a `time_limit` was stopped."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop what runs within after so many seconds of the process's own CPU time.

    CPU time, so that a busy machine quarantines nothing that a quiet one takes. Works in the main
    thread of a process on POSIX systems; elsewhere there is no limit. Regular expressions are
    stopped too; a call into another C library is stopped when it returns.

    Raises TookTooLong.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return
    _install()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@cache
def _install() -> None:
    """Have the signal of the timer raise; once for a process, since thousands of limits begin."""
    signal.signal(signal.SIGPROF, _stop)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLong
