"""How blocks are written: headings, quotations, definitions, check boxes; lists, also of items that
no list holds; tables, and which of them are data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from turbohtml import Element, Text

from clippings.markdown.inline import SPACES, assemble, finish
from clippings.markdown.tokens import (
    BREAK,
    CELL,
    CELL_TEXT,
    FINISHED,
    ITEM,
    ITEM_END,
    OL,
    ROW,
    UL,
    block,
)

_CLOSING_HASHES = re.compile(r"(?:^|(?<= ))#+$")
_ITEM_EDGES = re.compile(f"[{ITEM}{ITEM_END}]")
_ITEM = re.compile(f"({ITEM}[^{ITEM_END}]*{ITEM_END})")
_LATER_LINES = re.compile(r"\n(?=[^\n])")
MOST_COLUMNS = 1000
_BAR = r"\|"
SPARE_PLACES = 20_000  # that spans may cover in one table; beyond, they count for one
# What a cell of GFM cannot hold; a table with one of these is taken apart.
_TOO_BIG = tuple("table pre blockquote h1 h2 h3 hr".split())


def heading(level: int, title: str, style: str) -> str:
    """Return a heading in a style of markdownify's: atx, atx_closed or underlined."""
    if title[-1:] == "#":
        title = _CLOSING_HASHES.sub(r"\\\g<0>", title)
    if style == "underlined" and level < 3:
        return f"{title}\n{'=-'[level - 1] * max(3, len(title))}"
    return f"{'#' * level} {title}{' ' + '#' * level if style == 'atx_closed' else ''}"


def quotation(text: str) -> str:
    """Return a text as a quotation; nothing of no text."""
    return "\n".join(f"> {line}" if line else ">" for line in text.split("\n")) if text else ""


def definition_list(blocks: Iterable[str]) -> str:
    """Return terms and definitions as HTML, which Markdown has no notation for; what is neither
    becomes a definition."""
    texts = [text[1:] if text[0] in FINISHED else text for text in blocks]
    rows = [t if t.startswith(("<dt>", "<dd>")) else f"<dd>\n\n{t}\n\n</dd>" for t in texts]
    return "\n".join(["<dl>", *rows, "</dl>"]) if rows else ""


def check_box(box: Element) -> str:
    """Return a check box of a list, with a space between it and its text."""
    mark = "[ ]" if box.attr("checked") is None else "[x]"
    after = box.next_sibling
    return mark if isinstance(after, Text) and after.data[:1].isspace() else f"{mark} "


def visible_text(el: Element, joint: str = "") -> str:
    """Return the text of an element on one line, its pieces joined by `joint`."""
    return " ".join((joint.join(el.strings) if joint else el.text).split())


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


def is_layout(table: Element) -> bool:
    """Whether a table only places things on the page: it is unwrapped and its cells are blocks."""
    if table.attr("role") in ("presentation", "none") or any(table.iter_elements(_TOO_BIG)):
        return True
    if table.find("img") and not table.select_one("tr > :nth-child(2)"):  # a picture's caption
        return True
    cells = table.iter_elements(("td", "th"))
    next(cells, None)
    return next(cells, None) is None


def is_grid(table: Element) -> bool:
    """Whether a table has rows and columns, so that something is lost if it is taken apart."""
    rows = table.select(":scope > * > tr")
    wide = sum(len(row.select(":scope > *")) > 1 for row in rows)
    return table.attr("role") is None and wide > 1


def span(cell: Element, name: str) -> int:
    """`colspan` or `rowspan` as a number that is safe to count to."""
    value = (cell.attr(name) or "").strip()
    return max(1, min(MOST_COLUMNS, int(value))) if value.isdecimal() and len(value) < 9 else 1


def rows_of(text: str) -> tuple[str, list[list[str]]]:
    """What stands before the first row of a table's text, and the unfinished cells of each row.

    Places that a span covers are empty cells.
    """
    rows: list[list[str]] = []
    held: dict[int, int] = {}  # column → rows for which a cell above still covers it
    spare = SPARE_PLACES
    before, *rest = text.split(ROW)
    for row in rest:
        cells: list[str] = []
        stray, *written = row.split(CELL)
        before += stray
        for cell in written:
            spans, _, content = cell.partition(CELL_TEXT)
            columns, lines = map(int, spans.split(","))
            _skip_covered(cells, held)
            spare -= (columns - 1) * lines + lines - 1
            if spare < 0:
                columns = lines = 1
            held.update((len(cells) + place, lines - 1) for place in range(columns) if lines > 1)
            cells += [content, *[""] * (columns - 1)]
        _skip_covered(cells, held)
        if cells:
            rows.append(cells)
    return before, rows


def _skip_covered(cells: list[str], held: dict[int, int]) -> None:
    while held.get(len(cells)):
        held[len(cells)] -= 1
        cells.append("")


def pipe_table(rows: list[list[str]]) -> str:
    """Rows of finished cells as a GFM table, the first one its header: GFM has none without."""
    width = max(map(len, rows))
    rows[0] = rows[0] + [""] * (width - len(rows[0]))
    lines = [_table_line(cell.replace("|", _BAR) for cell in row) for row in rows]
    lines = [line if line.strip("|-: ") else line.replace("-", "\\-", 1) for line in lines]
    lines.insert(1, _table_line(["---"] * width))  # the only one that is all dashes
    return "\n".join(lines)


def _table_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
