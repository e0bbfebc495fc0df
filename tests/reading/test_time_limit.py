"""What takes longer than it may is stopped; what does not is left alone."""

from __future__ import annotations

import re
import threading
import time

import pytest

from clippings.reading.time_limit import TookTooLong, time_limit


def test_a_pattern_without_end_is_stopped() -> None:
    """A regular expression that would run for years ends in time."""
    start = time.process_time()
    with pytest.raises(TookTooLong), time_limit(0.1):
        re.match(r"(a*)*b", "a" * 60)
    assert time.process_time() - start < 5


def test_what_ends_in_time_is_not_stopped_later() -> None:
    """The limit ends with its block."""
    with time_limit(0.05):
        pass
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass


def test_another_thread_has_no_limit() -> None:
    """Signals reach only the main thread; elsewhere the work goes on as without a limit."""
    done = []

    def work() -> None:
        with time_limit(0.001):
            done.append(sum(range(300_000)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
