"""The container image, as far as it can be looked at where no container is built.

What the Containerfile copies is put into a folder of its own, and its command run there, on files
that nobody may write.
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
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from conftest import ROOT
from test_deploy import PATIENCE, free_port, running

STEPS = [
    line.split(maxsplit=1)
    for line in (ROOT / "deploy/Containerfile").read_text().replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]
FIRST = [step for step, _ in STEPS].index("FROM")
LAST = STEPS[[step for step, _ in STEPS].index("FROM", FIRST + 1) :]
"""The steps of the stage that is run."""

COPIED = [rest.split() for step, rest in LAST if step == "COPY" and "--from" not in rest]
BUILT = {"clippings.db", "inspect-data.json"}
"""What is copied and not in the repository: the build writes it."""


@pytest.fixture
def image(database: Path, tmp_path: Path) -> Iterator[Path]:
    """The image's folder, with the database of seeds/; its files may be written by nobody."""
    for source, target in COPIED:
        place = database.with_name(source) if source in BUILT else ROOT / source
        to = tmp_path / (f"{target}{source}" if target.endswith("/") else target)
        to = to.parent / source if target == "./" else to
        to.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if place.is_dir() else shutil.copy
        copy(place, to)
    subprocess.run(["chmod", "-R", "a-w", tmp_path], check=True)
    yield tmp_path
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=True)


def test_the_image_serves_its_database(image: Path) -> None:
    """Home, search, an export and the download answer, the health check is content, and nothing is
    written on the way."""
    port = free_port()
    env = dict(
        pair.replace("/app", str(image)).split("=", 1)
        for step, rest in LAST
        if step == "ENV"
        for pair in shlex.split(rest)
    )
    env["PYTHONPATH"] += f":{sysconfig.get_path('purelib')}"
    env |= {"PORT": str(port), "HOST": "127.0.0.1", "PYTHON": sys.executable}
    env["DATASETTE"] = str(Path(sys.executable).with_name("datasette"))
    (command,) = (json.loads(rest) for step, rest in LAST if step == "CMD")
    none = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    before = sorted(image.rglob("*"))
    address = f"http://127.0.0.1:{port}"
    words = [*(none if os.geteuid() == 0 else []), str(image / command[0]), *command[1:]]
    asks = httpx.Client(base_url=address, timeout=PATIENCE)
    with running(words, address, env), asks:
        assert asks.get("/").status_code == 200
        assert "斜拉索" in asks.get("/search?q=斜拉索").text
        assert asks.get("/export/tags.csv").status_code == 200
        size = (image / "data/clippings.db").stat().st_size
        assert len(asks.get("/clippings.db").content) == size
        (health,) = (rest for step, rest in LAST if step == "HEALTHCHECK")
        program = json.loads(health.removeprefix("CMD "))[2]
        subprocess.run([sys.executable, "-c", program], env={**os.environ, **env}, check=True)
    assert sorted(image.rglob("*")) == before


def test_the_last_stage_runs_as_nobody_and_builds_nothing() -> None:
    """A user by number, a base that can be given by its digest and else has a fixed version, no
    compiler, no pip, no tests, no articles."""
    assert {rest.split()[0] for step, rest in STEPS if step == "FROM"} == {"$BASE"}
    (base,) = (rest for step, rest in STEPS if step == "ARG")
    assert re.fullmatch(r"BASE=\S+/python:3\.\d+-slim-\w+", base)
    users = [rest for step, rest in LAST if step == "USER"]
    assert users == ["10001:10001"] and LAST[-1][0] == "CMD"
    assert all("uninstall" in rest for step, rest in LAST if step == "RUN")


def test_all_that_is_copied_is_let_in() -> None:
    """Each source of a COPY is excepted in the ignore file, and in the repository or built."""
    ignored = (ROOT / "deploy/Containerfile.dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    sources = {source for source, _ in COPIED}
    assert let_in == sources | {"requirements.lock"}
    assert all((ROOT / name).exists() for name in sources - BUILT)
