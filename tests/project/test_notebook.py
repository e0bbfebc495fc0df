"""notebooks/explore.ipynb runs, with what its extra installs, and shows what it would show anew."""

from __future__ import annotations

import ast
import re
import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT

FILE = ROOT / "notebooks" / "explore.ipynb"
KEPT = nbformat.read(FILE, 4)
CODE = [
    re.sub("^%.*$", "", cell.source, flags=re.MULTILINE)
    for cell in KEPT.cells
    if cell.cell_type == "code" and not cell.source.startswith("%%")
]


@pytest.fixture(scope="module")
def fresh(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook, run beside the database of seeds/."""
    copy = shutil.copy(database, tmp_path_factory.mktemp("explore"))
    return runpy.run_path(str(ROOT / "docs" / "notebook.py"))["run"](Path(copy))


def shown(cell: Any) -> list[Any]:
    """What a reader sees below a cell: text, tables, and the words of pictures."""
    return [
        (kind, re.findall(r"<text[^>]*>([^<]*)</text>", text) if "svg" in kind else text)
        for output in cell.get("outputs", [])
        for kind, text in sorted(output.get("data", {"text": output.get("text")}).items())
    ]


def imported(code: str) -> Iterator[str]:
    """The packages that a cell imports."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_the_output_is_that_of_a_fresh_run(fresh: Any) -> None:
    """Cell for cell; `make notebook` keeps it anew."""
    assert [cell.source for cell in KEPT.cells] == [cell.source for cell in fresh.cells]
    for kept, new in zip(KEPT.cells, fresh.cells, strict=True):
        assert shown(kept) == shown(new), kept.source
    assert sum(bool(shown(cell)) for cell in KEPT.cells) >= 9


def test_chinese_labels_are_text() -> None:
    """The plots' labels are letters, not boxes: a browser draws them in a font of its own."""
    plots = [text for cell in KEPT.cells for kind, text in shown(cell) if "svg" in kind]
    assert {"彗星", "江城二桥 OR 大橋", "snow OR 雪", "2022-01"} <= set(plots[0])
    assert [bool({"示例日报", "读数", "合龙"} & set(words)) for words in plots[1:]] == [True] * 3


def test_it_tells_nothing_of_the_machine() -> None:
    """No time, and no path of a home or of a temporary folder, is kept with the output."""
    assert not re.search("/home/|/root/|/tmp/|/Users/|iopub|dc:date", FILE.read_text("utf-8"))


def test_its_extra_is_enough() -> None:
    """Whatever it imports is Python's own, ours, or named in the extra `notebook`."""
    (extra,) = re.findall(
        r"^notebook = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.M | re.DOTALL
    )
    installed = set(re.findall(r'^ +"([a-z]+)', extra, re.MULTILINE))
    names = {name for code in CODE for name in imported(code)}
    assert names - set(sys.stdlib_module_names) - {"clippings"} == {"duckdb", "matplotlib"}
    assert {"duckdb", "matplotlib", "pandas"} <= installed


@pytest.mark.parametrize("path", re.findall(r"\]\((\.\.[^)]+)\)", FILE.read_text("utf-8")))
def test_links_lead_somewhere(path: str) -> None:
    """Pages that the notebook links are in the repository."""
    assert (FILE.parent / path).exists()
