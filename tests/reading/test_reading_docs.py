"""docs/reading.md says what is so: each of its examples is run."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import pytest
from conftest import ROOT, process_article

from clippings.models import Quarantined
from clippings.reading.dates import parse_date

PAGE = (ROOT / "docs" / "reading.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```text (.+)\n([\s\S]*?)^```\n\n```json\n(.*)\n```$", PAGE, re.MULTILINE)
DATES = re.findall(r"^\| `(.+)` \| (?:`(\d\d.+)`)? ?\|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("path", "text", "expected"), EXAMPLES)
def test_an_example_becomes_what_it_says(path: str, text: str, expected: str) -> None:
    """The columns and the diagnostics that the page names have those values."""
    outcome = process_article(path, text.encode())
    assert not isinstance(outcome, Quarantined)
    found = asdict(outcome.article) | {"diagnostics": [note.code for note in outcome.diagnostics]}
    wanted = json.loads(expected)
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.parametrize(("written", "kept"), DATES)
def test_a_date_is_read_as_it_says(written: str, kept: str) -> None:
    """The table's second column is what is kept of the first; empty: nothing."""
    assert (parse_date(written) or "") == kept


def test_all_examples_are_found() -> None:
    """A slip in the page's form would leave an example untested."""
    assert len(EXAMPLES) == PAGE.count("```text") == PAGE.count("```json") > 10
    assert len(DATES) == 8
