"""docs/reading.md says what becomes of a body: each of its examples is what really happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clippings.markdown.conversion import to_markdown

PAGE = Path(__file__).parents[2] / "docs" / "reading.md"
EXAMPLE = re.compile(
    r"^````html\n(.*?)\n````\n\n````markdown\n(.*?)\n````$", re.MULTILINE | re.DOTALL
)
EXAMPLES = EXAMPLE.findall(PAGE.read_text("utf-8"))


def test_the_page_has_examples() -> None:
    """None is left out because it is written otherwise."""
    assert len(EXAMPLES) == PAGE.read_text("utf-8").count("````html") > 10


@pytest.mark.parametrize(("body", "markdown"), EXAMPLES)
def test_an_example_is_true(body: str, markdown: str) -> None:
    """The Markdown below an example's HTML is what it becomes."""
    assert to_markdown(body).markdown == markdown
