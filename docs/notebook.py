#!/usr/bin/env python3
"""Run notebooks/explore.ipynb on the database of seeds/, and keep it with what it shows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"
SECONDS = 300


def run(database: Path) -> nbformat.NotebookNode:
    """The notebook with the output for a database that lies in the folder above its own.
    When it ran and on which Python is left out, so the same output is the same file."""
    folder = database.parent / "notebooks"
    folder.mkdir(exist_ok=True)
    notebook = nbformat.read(NOTEBOOK, 4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "clippings.db"
        build = [sys.executable, str(ROOT / "build_db.py"), "--quiet", "--output", str(database)]
        subprocess.run(build, check=True)
        nbformat.write(run(database), NOTEBOOK)
