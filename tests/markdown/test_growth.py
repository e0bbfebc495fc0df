"""Time stays in proportion to the text, whatever the text is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import string
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from conftest import benchmark_named

import clippings.markdown
from clippings.markdown.commonmark import plain_text
from clippings.markdown.conversion import to_markdown
from clippings.markdown.tokens import SYNTAX
from clippings.reading.time_limit import TookTooLong, time_limit

growth = benchmark_named("growth")

SIZE = 10_000
"""Characters of an attack: a quadratic pattern takes seconds for them, a linear one none."""

ALWAYS = ("a", "1", " ", "\t", "\n", "文", SYNTAX)
OPENINGS = ("[", "](", "<a", '<a b="', "&", "![", "```", "|-", SYNTAX + "B")


def patterns() -> list[Any]:
    """Every compiled pattern of the package, and whether it is only matched at a given place."""
    found = []
    for info in pkgutil.iter_modules(clippings.markdown.__path__):
        module = importlib.import_module(f"clippings.markdown.{info.name}")
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            pattern = getattr(value, "__self__", value)
            if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
                anchored = not re.search(rf"\b{name}\.(?!match|fullmatch)|{name}\(", source)
                found.append(pytest.param(pattern, anchored, id=f"{info.name}.{name}"))
    return found


def attacks(pattern: re.Pattern[str]) -> Iterator[str]:
    """Texts made of what a pattern looks for, over and over."""
    words = re.findall(r"(?<![\\(?<])[A-Za-z]{2,}", pattern.pattern)[:3]
    signs = [char for char in string.punctuation if char in pattern.pattern]
    pieces = [*ALWAYS, *signs, *words]
    for first, second in product(pieces, ["", *pieces]):
        yield (first + second) * (SIZE // len(first + second))
    for opening, piece in product((*OPENINGS, *(f"<{word}" for word in words)), pieces):
        yield opening + piece * SIZE


@pytest.mark.parametrize(("pattern", "anchored"), patterns())
def test_no_pattern_is_worse_than_linear(pattern: re.Pattern[str], anchored: bool) -> None:
    """Whatever a text repeats, a pattern goes through it once."""
    for text in attacks(pattern):
        try:
            with time_limit(0.3):
                _ = pattern.match(text) if anchored else pattern.subn("", text)
        except TookTooLong:
            pytest.fail(f"{pattern.pattern!r} takes too long for {text[:40]!r}…")


@pytest.mark.parametrize("name", growth.HOSTILE)
def test_hostile_input_grows_in_proportion(name: str) -> None:
    """Four times the input of the growth benchmark takes at most twelve times as long."""
    make, full = growth.HOSTILE[name]
    took = []
    for size in (full // 120, full // 30):
        source = make(max(2, size))
        best = 60.0
        for _ in range(3):  # what else the machine does comes in between
            start = time.process_time()
            markdown = to_markdown(source).markdown
            plain_text(markdown)
            best = min(best, time.process_time() - start)
        took.append(best)
    assert took[1] < 12 * max(took[0], 0.02)
    assert not growth.letters(source) - growth.letters(plain_text(markdown))


def test_links_in_brackets() -> None:
    """What once doubled with each link: a bracket that never closes, and links after it."""
    body = "See [1: " + "[a](http://u) " * 5000
    conversion = to_markdown(body)
    assert len(conversion.links) == 5000
