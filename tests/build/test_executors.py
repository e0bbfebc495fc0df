"""One process or several: the same results in the same order."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest
from conftest import ROOT

from clippings.build.executors import CHUNK, CHUNKS_IN_FLIGHT, mapper
from clippings.build.publishing import draft_folder
from clippings.models import BuildError


def double(numbers: Sequence[int]) -> list[int]:
    return [number * 2 for number in numbers]


def fall_over(numbers: Sequence[int]) -> list[int]:
    if 3 in numbers:
        os._exit(9)
    return list(numbers)


def stumble(numbers: Sequence[int]) -> list[int]:
    raise ValueError(f"bug at {numbers[0]}")


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK * CHUNKS_IN_FLIGHT * 4 + 1])
def test_results_come_in_order(jobs: int, count: int) -> None:
    """However many processes, the results are those of map."""
    assert list(mapper(jobs)(double, range(count))) == double(range(count))


def test_a_reader_may_stop_early() -> None:
    """Leaving the results half read ends the pool and raises nothing."""
    results = mapper(2)(double, range(10_000))
    assert list(islice(results, 3)) == [0, 2, 4]
    results.close()  # type: ignore[attr-defined]  # the pool's map is a generator


def test_a_killed_worker_is_told_with_the_file(tmp_path: object) -> None:
    """When the system kills a worker the error names where it happened."""
    with pytest.raises(BuildError, match="killed"):
        list(mapper(2)(fall_over, range(CHUNK)))


def linger(numbers: Sequence[int]) -> list[int]:
    os.write(1, f"{os.getpid()}\n".encode())
    time.sleep(60)
    return list(numbers)


WAITS = """
import sys
from pathlib import Path
from test_executors import linger
from clippings.build.executors import mapper
from clippings.build.publishing import draft_folder
with draft_folder(Path(sys.argv[1])):
    list(mapper(2)(linger, range(200)))
"""


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """Killed alone, it takes them with it; and none of them goes on holding its lock."""
    target = tmp_path / "x.db"
    run = subprocess.Popen(
        [sys.executable, "-c", WAITS, str(target)],
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT / name) for name in ("", "tests", "tests/build")]
            )
        },
        stdout=subprocess.PIPE,
    )
    assert run.stdout is not None
    workers = [run.stdout.readline().decode().strip() for _ in range(2)]
    assert holds_lock(str(run.pid))
    assert not any(holds_lock(worker) for worker in workers)
    run.kill()
    run.wait(30)
    with draft_folder(target):
        pass
    assert run.stdout.read() == b""  # when the last that may write to it has ended


def holds_lock(process: str) -> bool:
    """Whether a process has the folder of the draft open, by which a build is locked."""
    links = Path(f"/proc/{process}/fd").iterdir()
    return any(os.readlink(link).endswith(".x.db.draft") for link in links)


def test_a_bug_is_not_swallowed() -> None:
    """An unexpected error reaches the caller as it is."""
    with pytest.raises(ValueError, match="bug at 0"):
        list(mapper(2)(stumble, range(3)))
