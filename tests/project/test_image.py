"""The container image, as far as it can be looked at where no container is built.

The Containerfile's steps are done in folders, one a stage, offline: what pip is to install is there
already. Then its command runs with no privileges, on files that nobody may write.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from conftest import ROOT
from test_deploy import free_port, running

from clippings.build.executors import mapper
from clippings.build.pipeline import build

CONTAINERFILE = (ROOT / "deploy/Containerfile").read_text()
STEPS = [
    line.split(maxsplit=1)
    for line in CONTAINERFILE.replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]
PACKAGES = sysconfig.get_path("purelib")


class Stage:
    """A stage of the Containerfile in a folder of this machine."""

    def __init__(self, folder: Path, context: Path, stages: dict[str, Stage]) -> None:
        self.folder, self.context, self.stages = folder, context, stages
        self.workdir = folder
        self.env: dict[str, str] = {}

    def do(self, step: str, rest: str) -> None:
        """Carry one instruction out; those that only describe the image do nothing here."""
        if step == "WORKDIR":
            self.workdir = self.folder / rest.lstrip("/")
            self.workdir.mkdir(parents=True)
        elif step == "ENV":
            self.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif step == "COPY":
            self.copy(*shlex.split(rest))
        elif step == "RUN" and ".venv" in rest:  # not what changes the image's own Python
            self.run(rest)

    def copy(self, *words: str) -> None:
        place = self.context
        if words[0].startswith("--from="):
            place = self.stages[words[0].removeprefix("--from=")].folder
            words = words[1:]
        source, target = place / words[0].lstrip("/"), self.workdir / words[1]
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            target.mkdir(exist_ok=True) if words[1].endswith("/") else None
            shutil.copy(source, target)

    def run(self, command: str) -> None:
        """Offline: PYTHONPATH has the packages that are asked for."""
        env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        env |= {"PIP_NO_INDEX": "1", "PYTHONPATH": PACKAGES}
        subprocess.run(command, shell=True, cwd=self.workdir, env=env, check=True)


@pytest.fixture(scope="module")
def image() -> Iterator[Stage]:
    """The last stage, with a database of seeds/ in it; its files may be written by nobody."""
    with tempfile.TemporaryDirectory() as name:
        context = Path(name) / "context"
        for entry in ("requirements.lock", "metadata.yml", "clippings", "plugins", "templates"):
            context.mkdir(exist_ok=True)
            (context / entry).symlink_to(ROOT / entry)
        for entry in ("static", "deploy"):
            (context / entry).symlink_to(ROOT / entry)
        articles = ROOT / "seeds"
        build((articles,), context / "clippings.db", mapper(1), 1.0, lambda done, total: None)
        stages: dict[str, Stage] = {}
        for step, rest in STEPS:
            if step == "FROM":
                named = re.fullmatch(r"\S+(?: AS (\w+))?", rest)
                assert named is not None
                stage = Stage(Path(name) / f"stage{len(stages)}", context, stages)
                stages[named[1] or "last"] = stage
            else:
                stage.do(step, rest)
        subprocess.run(["chmod", "-R", "a-w", stage.folder], check=True)
        yield stage
        subprocess.run(["chmod", "-R", "u+w", stage.folder], check=True)


def command_of(image: Stage) -> list[str]:
    """The image's command, without any privilege that root's processes have here."""
    (command,) = (json.loads(rest) for step, rest in STEPS if step == "CMD")
    if os.geteuid() != 0:
        return [str(image.workdir / command[0]), *command[1:]]
    none = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    return ["setpriv", *none, str(image.workdir / command[0]), *command[1:]]


def test_the_image_serves_its_database(image: Stage) -> None:
    """Home, an article, search and the download answer; nothing is written on the way."""
    port, datasette = free_port(), str(Path(sys.executable).with_name("datasette"))
    inside = {name: value.replace("/app", str(image.workdir)) for name, value in image.env.items()}
    here = {
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "DATASETTE": datasette,
        "PYTHONPATH": f"{inside['PYTHONPATH']}:{PACKAGES}",
    }
    before = sorted(image.folder.rglob("*"))
    address = f"http://127.0.0.1:{port}"
    with running(command_of(image), address, {**inside, **here}):
        assert httpx.get(address).status_code == 200
        assert "斜拉索" in httpx.get(f"{address}/search?q=斜拉索").text
        assert httpx.get(f"{address}/export/tags.csv").status_code == 200
        size = (image.workdir / "data/clippings.db").stat().st_size
        assert len(httpx.get(f"{address}/clippings.db").content) == size
        (health,) = (rest for step, rest in STEPS if step == "HEALTHCHECK")
        program = json.loads(health.removeprefix("CMD "))[2]
        subprocess.run([sys.executable, "-c", program], env={**inside, **here}, check=True)
    assert sorted(image.folder.rglob("*")) == before


def test_the_last_stage_runs_as_nobody_and_builds_nothing() -> None:
    """A user by number, a base of a fixed version, no compiler, no pip, no tests, no articles."""
    bases = [rest.split()[0] for step, rest in STEPS if step == "FROM"]
    assert len(set(bases)) == 1 and re.fullmatch(r"\S+/python:3\.\d+-slim-\w+", bases[0])
    last = STEPS[[step for step, _ in STEPS].index("FROM", 1) :]
    users = [rest for step, rest in last if step == "USER"]
    assert users == ["10001:10001"] and last[-1][0] == "CMD"
    commands = [rest for step, rest in last if step == "RUN"]
    assert all("uninstall" in command for command in commands)


def test_all_that_is_copied_is_let_in() -> None:
    """Each source of a COPY is excepted in the ignore file, and in the repository or built."""
    ignored = (ROOT / "deploy/Containerfile.dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    copied = {rest.split()[0] for step, rest in STEPS if step == "COPY" and "--from" not in rest}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied - {"clippings.db", "inspect-data.json"})
