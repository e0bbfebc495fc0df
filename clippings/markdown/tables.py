"""Tables: which are data, and how a row is written in the GFM notation."""

from __future__ import annotations

from collections.abc import Iterable

from turbohtml import Element

from clippings.markdown.tokens import CELL, CELL_TEXT, ROW

MOST_COLUMNS = 1000
_BAR = r"\|"
SPARE_PLACES = 20_000  # that spans may cover in one table; beyond, they count for one
# What a cell of GFM cannot hold; a table with one of these is taken apart.
_TOO_BIG_FOR_A_CELL = tuple("table pre blockquote h1 h2 h3 hr".split())


def is_layout(table: Element) -> bool:
    """Whether a table only places things on the page: it is unwrapped and its cells are blocks."""
    if table.attr("role") in ("presentation", "none"):
        return True
    if next(table.iter_elements(_TOO_BIG_FOR_A_CELL), None) is not None:
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
    lines = [_line(cell.replace("|", _BAR) for cell in row) for row in rows]
    lines = [line if line.strip("|-: ") else line.replace("-", "\\-", 1) for line in lines]
    lines.insert(1, _line(["---"] * width))  # the only one that is all dashes
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
