"""Imports run one way, and what belongs to one module stays there."""

from __future__ import annotations

import ast
import re
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clippings.database.rows import COLUMNS
from clippings.models import Article, IndexTokens

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "clippings"
PAGES = ROOT / "docs/pages.md"

MAY_IMPORT = {
    "models": set(),
    "markdown": {"models"},
    "search": {"markdown", "models"},
    "reading": {"markdown", "models", "search"},
    "similarity": {"models", "search"},
    "database": {"markdown", "models", "reading", "search", "similarity"},
    "build": {
        "database", "dataset", "markdown", "models", "reading", "search", "similarity",
    },
    "dataset": {"build", "models"},
    "site": {"dataset", "markdown", "search"},
    "library": {"dataset", "markdown", "models", "search", "site"},
    "command": {"library", "models", "search"},
}  # fmt: skip
"""Part of the package → the parts that it may import."""

READING_SIDE = {"dataset", "search", "site", "markdown"}
"""What plugins may import: it reads the finished database and never builds one."""

AT_HOME = {"library", "command"}
"""What reads a finished database where there is no site: notebooks and the terminal."""


@cache
def imports_of(file: Path) -> set[str]:
    """The names that a file imports, dotted."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files_of(module: str) -> list[Path]:
    single = PACKAGE / f"{module}.py"
    return [single] if single.exists() else sorted((PACKAGE / module).rglob("*.py"))


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_imports_run_one_way(module: str) -> None:
    """A module of the build imports only what stands below it in the flow."""
    of_package = {
        name.split(".")[1]
        for file in files_of(module)
        for name in imports_of(file)
        if name.startswith("clippings.")
    }
    assert of_package - {module} <= MAY_IMPORT[module]


def test_plugins_never_import_the_build() -> None:
    """Plugins stand on the package's reading side only."""
    of_the_build = {f"clippings.{module}" for module in MAY_IMPORT.keys() - READING_SIDE}
    for plugin in (ROOT / "plugins").glob("*.py"):
        assert not imports_of(plugin) & (of_the_build | {"build_db"}), plugin.name


def test_the_package_is_light_at_home() -> None:
    """Notebooks and the terminal need no Datasette and nothing of the build."""
    for module in READING_SIDE - {"site"} | AT_HOME:
        for file in files_of(module):
            assert not any(name.startswith("datasette") for name in imports_of(file)), file.name
    loaded = "import clippings.command, sys; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", loaded], text=True).split()
    assert "sqlite3" in modules
    assert not {"datasette", "markdownify", "pandas", "sqlite_utils"} & set(modules)


def test_only_the_database_module_writes_sqlite() -> None:
    """No other module of the build opens a database, but for what it keeps for the next build."""
    for module in MAY_IMPORT.keys() - READING_SIDE - AT_HOME - {"database"}:
        for file in files_of(module):
            if (module, file.name) != ("build", "state.py"):
                assert not imports_of(file) & {"sqlite3", "sqlite_utils"}, file.name


def test_only_the_cluster_module_knows_dask() -> None:
    """Without the extra everything else works."""
    for module in MAY_IMPORT:
        for file in files_of(module):
            if file.name == "cluster.py":
                continue
            assert not {name.split(".")[0] for name in imports_of(file)} & {"dask", "distributed"}


def test_only_the_command_line_prints_or_exits() -> None:
    """The other modules give values; what is said to a person is said in build_db.py and in
    clippings/command.py."""
    for module in MAY_IMPORT.keys() - {"command"}:
        for file in files_of(module):
            assert not re.search(r"\bprint\(|\bsys\.exit\(|\bclick\.echo", file.read_text()), file


def test_schema_holds_every_column_that_is_written() -> None:
    """schema.sql and the rows that the workers prepare name the same columns."""
    db = sqlite3.connect(":memory:")
    db.executescript((PACKAGE / "database/schema.sql").read_text())
    for table, columns in COLUMNS.items():
        in_schema = {row[1] for row in db.execute(f"pragma table_info({table})")}
        assert set(columns) == in_schema, table


def test_schema_holds_every_field_of_the_model() -> None:
    """Each field of Article is a column of `articles` or a table of its own."""
    db = sqlite3.connect(":memory:")
    db.executescript((PACKAGE / "database/schema.sql").read_text())
    columns = {row[1] for row in db.execute("pragma table_info(articles)")}
    tables = {row[0] for row in db.execute("select name from sqlite_master where type = 'table'")}
    assert {field.name for field in fields(Article)} <= columns | tables
    indexed = {row[1] for row in db.execute("pragma table_info(articles_fts)")}
    assert set(IndexTokens._fields) <= indexed


def test_every_index_says_which_query_it_serves() -> None:
    """An index without a comment above it has no reason to be there."""
    lines = (PACKAGE / "database/schema.sql").read_text().splitlines()
    block_is_explained = False
    for line in lines:
        if line.startswith("--"):
            block_is_explained = True
        elif re.match(r"create (unique )?index", line):
            assert block_is_explained, line
        else:
            block_is_explained = False


def test_the_example_of_a_page_can_be_loaded() -> None:
    """What docs/pages.md shows as a plugin imports what there is, and gives the site its route."""
    code, *_ = re.findall(r"^   ```python\n(.*?)^   ```", PAGES.read_text("utf-8"), re.M | re.S)
    plugin: dict[str, Any] = {}
    exec(textwrap.dedent(code), plugin)
    assert plugin["register_routes"].__name__ == "register_routes"
    assert {"longest", "archive", "page", "Page"} <= plugin.keys()
