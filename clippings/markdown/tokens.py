"""The tokens that stand in text while a page is taken apart; `inline.finish` spells them.

They are lone surrogates: the parser never lets one through, so no text can forge them.
"""

from __future__ import annotations

# A two-character token: SYNTAX and what it stands for. "B" opens strong and "b" closes it
# (I emphasis, D deleted); "[" "(" ")" are a link and "!" "(" ")" an image; any other
# character is itself, only not as text.
SYNTAX = "\ud8e7"
BREAK = "\ud8e8"  # a block begins or ends here
LINE = "\ud8e9"  # a <br>
BLOCK, UL, OL = "\ud8ea", "\ud8eb", "\ud8ec"  # a finished block follows, up to the next BREAK
ITEM, ITEM_END = "\ud8ed", "\ud8ee"  # around a finished list item
ROW, CELL, CELL_TEXT = "\ud8ef", "\ud8f1", "\ud8f2"  # a table row; a cell's span; its text

FINISHED = frozenset((BLOCK, UL, OL))


def syntax(text: str) -> str:
    """`text` with its first and last character marked as syntax: no mark may move past them."""
    return f"{SYNTAX}{text[0]}{text[1:-1]}{SYNTAX}{text[-1]}"


def block(text: str, kind: str = BLOCK) -> str:
    """A finished block, fenced off from what stands around it; without text only the fence."""
    return f"{BREAK}{kind}{text}{BREAK}" if text else BREAK
