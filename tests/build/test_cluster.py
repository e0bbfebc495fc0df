"""A Dask cluster gives what one process gives, whatever happens to its workers.

Every cluster here is a real one: a scheduler and worker processes that their own commands started,
on this machine, on free ports.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT
from distributed import Client

import build_db
from clippings.build import cluster
from clippings.build.cluster import cluster_mapper
from clippings.build.executors import CHUNK, CHUNKS_IN_FLIGHT, mapper
from clippings.models import BuildError, SourceFile
from clippings.reading.identity import program
from clippings.reading.sources import is_readable

Process = subprocess.Popen[bytes]
DASK = str(Path(sys.executable).with_name("dask"))
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
WORKER = "--nthreads 1 --no-dashboard --host 127.0.0.1 --death-timeout 60 --memory-limit 0".split()


@dataclass
class Cluster:
    """A scheduler and workers, each a process (group) of its own."""

    folder: Path
    address: str = ""
    scheduler: Process | None = None
    workers: list[Process] = field(default_factory=list)

    def start(self) -> None:
        """Start a scheduler on a free port and wait until it is there. It gives a task up when the
        second worker dies of it."""
        about = self.folder / "scheduler.json"
        command = "scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file".split()
        patience = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
        self.scheduler = self._run(*command, str(about), **patience)
        for _ in range(600):
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
                self.address = json.loads(about.read_text())["address"]
                return
            time.sleep(0.1)
        raise AssertionError("the scheduler did not start")

    def work(self, *options: str, **environment: str) -> Process:
        """Start a worker; it connects by itself."""
        space = ("--local-directory", str(self.folder / "space"))
        worker = self._run("worker", self.address, *WORKER, *space, *options, **environment)
        self.workers.append(worker)
        return worker

    def have(self, count: int) -> list[Process]:
        """Have so many workers, those that there are or new ones, and wait until the scheduler
        knows of them and no others."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        kill(self.workers[count:])
        del self.workers[count:]
        while len(self.workers) < count:
            self.work("--no-nanny")
        with Client(self.address, timeout=60) as client:
            for _ in range(600):
                if len(client.scheduler_info(n_workers=-1)["workers"]) == count:
                    return self.workers
                time.sleep(0.1)
        raise AssertionError(f"there are not {count} workers")

    def stop(self) -> None:
        kill([*self.workers, *filter(None, [self.scheduler])])

    def _run(self, *arguments: str, **environment: str) -> Process:
        paths = os.pathsep.join(str(ROOT / name) for name in ("", "tests", "tests/build"))
        return subprocess.Popen(
            [DASK, *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": paths} | environment,
            start_new_session=True,
            **QUIET,  # type: ignore[call-overload]
        )


def kill(processes: list[Process]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster for all tests; each says how many workers it has to `have`."""
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "TIMEOUT", 2.0)


def archive(folder: Path, count: int) -> Path:
    """A folder of so many articles; some under two names, some that cannot become any."""
    for number in range(count):
        path = folder / f"栏目{number % 7}" / f"{number:04}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"第{number // 2}篇" if number % 10 == 1 else f"第{number}篇"
        path.write_text(f"---\ntitle: {text}\n---\n<p>{text}的正文，说的是江城二桥。</p>" * 3)
    (folder / "broken.md").write_bytes(b"\0\1\2" * 100)
    return folder


def build(source: Path, target: Path, *options: str) -> str:
    """What the command line says of a build."""
    arguments = [str(source), "-o", str(target), *options]
    return CliRunner().invoke(build_db.main, arguments, catch_exceptions=False).output


def double(numbers: Sequence[int]) -> list[int]:
    return [2 * number for number in numbers]


def there(item: object) -> bool:
    return True


def slow(numbers: Sequence[int]) -> list[int]:
    time.sleep(0.02 * len(numbers))
    return double(numbers)


def die(sources: Sequence[SourceFile]) -> list[str]:
    if any(source.path == "poison.md" for source in sources):
        os.kill(os.getpid(), signal.SIGKILL)
    return [source.path for source in sources]


def stumble(numbers: Sequence[int]) -> list[int]:
    raise ValueError(f"bug at {numbers[0]}")


def test_same_bytes_as_one_process_though_a_worker_is_killed(dask: Cluster, tmp_path: Path) -> None:
    """Two workers, one killed while they convert: nothing lost, nothing doubled, same bytes."""
    source = archive(tmp_path / "source", 900)
    build(source, tmp_path / "here.db", "--jobs", "1")
    workers = dask.have(2)
    seen: list[int] = []

    def on_file(done: int, total: int) -> None:
        seen.append(done)
        if done == 100:
            os.killpg(workers[1].pid, signal.SIGKILL)

    run_map = cluster_mapper(dask.address, is_readable)
    build_db.build((source,), tmp_path / "there.db", run_map, 1.0, on_file)
    assert workers[1].wait(30) == -signal.SIGKILL
    assert seen == list(range(1, 902))
    assert (tmp_path / "there.db").read_bytes() == (tmp_path / "here.db").read_bytes()


def test_what_a_worker_cannot_reach_is_read_here(tmp_path: Path) -> None:
    """A file that lies on no disk of the worker's is no less an article for that."""
    source = archive(tmp_path / "source", 30)

    def far(function: Callable[..., list[object]], files: list[SourceFile]) -> list[object]:
        return function(
            [file._replace(location="/nowhere") if "1" in file.path else file for file in files]
        )

    for name, run_map in (("here", mapper(1)), ("there", far)):
        build_db.build((source,), tmp_path / f"{name}.db", run_map, 1.0, lambda done, total: None)
    assert (tmp_path / "there.db").read_bytes() == (tmp_path / "here.db").read_bytes()


def test_the_command_line_builds_on_a_cluster(dask: Cluster, tmp_path: Path) -> None:
    """`--scheduler` is all it takes, with relative paths, archives and repositories too; what it
    makes is the same."""
    source = archive(tmp_path / "source", 20)
    shutil.make_archive(str(tmp_path / "packed"), "zip", source)
    for words in ("init -q", "add .", "-c user.name=x -c user.email=x@x commit -q -m x"):
        subprocess.run(["git", *words.split()], cwd=source, check=True)
    dask.have(1)
    for kind in (os.path.relpath(source), str(tmp_path / "packed.zip"), f"git+{source}"):
        for name, options in (("here", ["--jobs", "1"]), ("there", ["--scheduler", dask.address])):
            told = build(Path(kind), tmp_path / f"{name}.db", "--fresh", *options)
            assert "21 files seen" in told
        assert (tmp_path / "there.db").read_bytes() == (tmp_path / "here.db").read_bytes()


def test_results_come_in_order_and_few_are_ahead(dask: Cluster) -> None:
    """The order is that of the items; no more tasks are under way than the bound says."""
    dask.have(1)
    run_map = cluster_mapper(dask.address, there)
    assert list(run_map(double, range(CHUNK * 9 + 1))) == double(range(CHUNK * 9 + 1))
    assert list(run_map(double, [])) == []
    taken: list[int] = []

    class Watched(list[int]):
        def __getitem__(self, key: slice) -> list[int]:  # type: ignore[override]
            taken.append(getattr(key, "stop", 0))  # the first is looked at by itself
            return super().__getitem__(key)

    results = run_map(double, Watched(range(CHUNK * 100)))
    next(results)
    assert max(taken) <= CHUNK * CHUNKS_IN_FLIGHT
    results.close()  # type: ignore[attr-defined]  # a generator


def test_a_file_that_kills_workers_is_told(dask: Cluster) -> None:
    """Worker after worker dies of one file: the build ends and says among which it is."""
    dask.have(2)
    items = [SourceFile(f"{n}.md", f"/{n}.md") for n in range(40)]
    items[17] = SourceFile("poison.md", "/poison.md")
    with pytest.raises(BuildError, match=r"from 0\.md to 39\.md"):
        list(cluster_mapper(dask.address, there)(die, items))


def test_a_bug_is_not_swallowed(dask: Cluster) -> None:
    """An unexpected error of a worker reaches the caller as it is."""
    dask.have(1)
    with pytest.raises(ValueError, match="bug at 0"):
        list(cluster_mapper(dask.address, there)(stumble, range(3)))


def test_a_worker_without_the_files_or_the_code_is_told(dask: Cluster, tmp_path: Path) -> None:
    """A worker that would call every file unreadable, or has no such module, ends the build."""
    dask.have(1)
    here = os.getpid()
    with pytest.raises(
        BuildError, match="the first file is missing for it and there here; install"
    ):
        list(cluster_mapper(dask.address, lambda item: os.getpid() == here)(double, range(3)))
    dask.have(0)
    (tmp_path / "other/clippings/build").mkdir(parents=True)
    for name in ("__init__", "build/__init__", "build/cluster"):
        (tmp_path / f"other/clippings/{name}.py").write_text("")
    dask.work("--no-nanny", PYTHONPATH=str(tmp_path / "other"))
    dask.have(1)
    with pytest.raises(BuildError, match=r"(?s)cannot run our code: .*_environment.*; install"):
        list(cluster_mapper(dask.address, there)(double, range(3)))
    dask.have(0)


def test_what_is_wrong_with_a_cluster_is_told(
    dask: Cluster, tmp_path: Path, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No workers; workers with other libraries; none left; no scheduler any more; none at all: each
    has its sentence, within a bounded time. The last test of the cluster."""

    def told(function: Callable[..., list[int]] = double, killed: Process | None = None) -> str:
        numbers = range(10_000 if killed else 2 * CHUNK)

        def work() -> None:
            for _ in cluster_mapper(dask.address, there)(function, numbers):
                if killed and killed.poll() is None:
                    os.killpg(killed.pid, signal.SIGKILL)

        with pytest.raises(BuildError) as caught:
            work()
        return str(caught.value)

    dask.have(0)
    assert "has no workers" in told()
    (worker,) = dask.have(1)
    assert list(cluster_mapper(dask.address, there)(double, range(3))) == [0, 2, 4]
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "program", lambda: {**program(), "turbohtml": "0.1"})
        assert "turbohtml is" in told() and "0.1 here" in told()
    assert "has no workers" in told(slow, worker)
    dask.have(1)
    assert "is gone" in told(slow, dask.scheduler)
    assert "no Dask scheduler answers" in told()


def test_without_the_extra_the_command_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask is optional; only --scheduler needs it."""
    monkeypatch.setitem(sys.modules, "clippings.build.cluster", None)
    source = archive(tmp_path / "source", 1)
    told = build(source, tmp_path / "x.db", "--scheduler", "tcp://127.0.0.1:1")
    assert "pip install '.[cluster]'" in told
    assert not (tmp_path / "x.db").exists()
