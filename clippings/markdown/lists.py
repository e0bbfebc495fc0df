"""Lists: their items, those that no list holds, and how both are written."""

from __future__ import annotations

import re
from collections.abc import Callable

from turbohtml import Element

from clippings.markdown.inline import SPACES, assemble, finish
from clippings.markdown.tokens import BREAK, FINISHED, ITEM, ITEM_END, OL, UL, block

_ITEM_EDGES = re.compile(f"[{ITEM}{ITEM_END}]")
_ITEM = re.compile(f"({ITEM}[^{ITEM_END}]*{ITEM_END})")
_LATER_LINES = re.compile(r"\n(?=[^\n])")


def list_block(
    text: str, ordered: Element | None, styles: str, *, bullet: str = "-", in_table: bool
) -> str:
    """Return the text of a list as a finished block; `ordered` is the element of an `<ol>`.

    `styles` names the marks that are open around it.
    """
    items: list[list[str]] = []
    for place, part in enumerate(_ITEM_EDGES.split(text)):
        if place % 2:
            items.append([part])
        elif blocks := finish(part, styles):
            if items and blocks[0][0] in FINISHED:
                items[-1] += blocks  # a list straight in a list belongs to the item before it
            else:
                items.append(blocks)
    texts = [item for blocks in items if (item := assemble(blocks, tight=True))]
    if not texts:
        return BREAK
    if in_table:
        tag = "ul" if ordered is None else "ol"
        return block(f"<{tag}>{''.join(f'<li>{item}</li>' for item in texts)}</{tag}>")
    if ordered is None:
        return block("\n".join(_indented(item, f"{bullet} ") for item in texts), UL)
    return block(
        "\n".join(_indented(item, f"{n}. ") for n, item in enumerate(texts, _start(ordered))), OL
    )


def with_stray_items(text: str, as_list: Callable[[str], str]) -> str:
    """Return text whose items without a list are lists, as far as they stand side by side."""
    parts: list[str] = []
    run = ""
    for part in _ITEM.split(text):
        if part[:1] == ITEM:
            run += part
        elif part.strip(SPACES + BREAK) or not run:
            parts += [run and as_list(run), part]
            run = ""
    return "".join([*parts, run and as_list(run)])


def _start(ordered: Element) -> int:
    """Where the numbers of a list start; CommonMark allows nine digits."""
    start = (ordered.attr("start") or "").strip()
    return int(start) if start.isdecimal() and len(start) < 10 else 1


def _indented(item: str, marker: str) -> str:
    if item == "---" or item.startswith("---\n"):
        item = f"___{item[3:]}"  # `- ---` would be one rule, not an item with one
    return marker + _LATER_LINES.sub("\n" + " " * len(marker), item)
