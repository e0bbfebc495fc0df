"""What takes the place of what, and what never does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from build_db import main
from clippings.build.executors import mapper
from clippings.build.pipeline import build
from clippings.build.publishing import check_replaceable, locked
from clippings.models import BuildError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.md").write_text("---\ntitle: 标题\n---\n正文")
    return tmp_path / "source"


def test_a_link_is_followed(source: Path, tmp_path: Path) -> None:
    """The database lies where the link leads, and the link stays one."""
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "x.db"
    link.symlink_to(tmp_path / "elsewhere" / "real.db")
    assert CliRunner().invoke(main, [str(source), "-o", str(link)]).exit_code == 0
    assert link.is_symlink() and link.read_bytes().startswith(b"SQLite format 3")
    assert (tmp_path / "elsewhere" / "inspect-data.json").exists()


def test_a_device_is_refused(source: Path) -> None:
    """With a sentence, before anything is read."""
    result = CliRunner().invoke(main, [str(source), "-o", "/dev/null"])
    assert result.exit_code == 1 and "no regular file" in result.output
    assert not Path("/dev/null").is_file()


def test_two_that_publish_at_once_both_stand_in_the_list(source: Path, tmp_path: Path) -> None:
    """Of the databases of one folder none is lost from inspect-data.json."""
    names = [f"{number}.db" for number in range(4)]

    def run(name: str) -> int:
        return build((source,), tmp_path / name, mapper(1), 1.0, lambda done, total: None).read

    with ThreadPoolExecutor(len(names)) as threads, locked(tmp_path):
        runs = [threads.submit(run, name) for name in names]
    assert [run.result() for run in runs] == [1] * len(names)
    known = json.loads((tmp_path / "inspect-data.json").read_text())
    assert sorted(known) == [str(number) for number in range(4)]


def test_only_a_release_is_replaced(tmp_path: Path) -> None:
    """A folder with anything else in it stays."""
    check_replaceable(tmp_path / "new")
    check_replaceable(tmp_path)
    (tmp_path / "letter.txt").write_text("x")
    with pytest.raises(BuildError, match="nothing was touched"):
        check_replaceable(tmp_path)
    (tmp_path / "SHA256SUMS").write_text(f"{0:064x}  letter.txt\n")
    check_replaceable(tmp_path)
