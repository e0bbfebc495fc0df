"""HTML text → a tree that is safe to walk, with every letter that a reader sees.

HTML ─► repair ─► turbohtml, as browsers read ─► without what nobody sees ─► HTML that stood as text
"""

from __future__ import annotations

import html
from itertools import takewhile

from turbohtml import Element, Node, Text, parse

from clippings.markdown.code import (
    code_cells,
    code_text,
    drop_copy_button,
    drop_line_numbers,
    is_line_number,
)
from clippings.markdown.commonmark import without_surrogates
from clippings.markdown.elements import KEPT_TAGS
from clippings.markdown.escaped import is_page_as_text, pages_as_code, text_of_page
from clippings.markdown.guard import lost_in_repair
from clippings.markdown.media import EMBEDDED, media_address
from clippings.markdown.repair import repaired

# Nothing a reader sees.
_UNSEEN = frozenset("script style button svg template head title link meta canvas".split())
_PERHAPS_UNSEEN = _UNSEEN | KEPT_TAGS  # the latter if they are empty
_TENDED = frozenset((*EMBEDDED, "math", "script", "table", "pre"))


class Document:
    """A body as a cleaned tree: `root` without what no reader sees, TeX in the place of its
    rendering.

    `lost` are letters that were lost before there was a tree, `unescaped` says how often HTML
    stood as code or was escaped twice.
    """

    def __init__(self, source: str, *, unescape: bool = True) -> None:
        source = without_surrogates(source)
        text = repaired(source)
        root = parse(text).root
        assert root is not None  # <html> is always there
        self.root = root
        self.lost = lost_in_repair(source, root) if text != source else ""
        self.unescaped = 0
        if "blockcode" in text or "mermaid" in text or "<textarea" in text:
            _lines_as_code(root)
        _clean(root)
        if unescape and ("&lt;" in text or "&amp;lt;" in text):
            self._unescape()

    def _unescape(self) -> None:
        """Put the elements in the place of HTML that stands as text, in code or all over."""
        body = self.root.find("body") or self.root
        for place in [body] if is_page_as_text(self.root) else pages_as_code(self.root):
            inner = Document(text_of_page(place), unescape=False).root
            place.clear()
            place.extend(list(inner))
            place.tag = "div"
            self.unescaped += 1


def _clean(root: Element) -> None:
    present = {element.tag for element in root.iter_elements(_TENDED)}
    if "math" in present or "script" in present:
        _keep_tex(root)
    if "table" in present or "pre" in present:
        _tend_code(root)
    if not present.isdisjoint(EMBEDDED):
        _empty_players(root)
    for element in list(root.iter_elements(_PERHAPS_UNSEEN)):
        if element.tag in _UNSEEN or next(iter(element), None) is None:
            element.extract()


def _empty_players(root: Element) -> None:
    """What stands inside a player with an address is for browsers that cannot play it."""
    for media in list(root.iter_elements(EMBEDDED)):
        if address := media_address(media):
            media.attrs["src"] = address
            media.clear()


def _tend_code(root: Element) -> None:
    """Code in a table with its line numbers becomes one `<pre>`; other numbers and buttons go."""
    for table in list(root.iter_elements("table")):
        if cells := code_cells(table):
            code = "\n".join(code_text(cell).removesuffix("\n") for cell in cells)
            table.replace_with(Element("pre", None, [Text(code)]))
    around_code: set[Node] = set()
    for pre in list(root.iter_elements("pre")):
        drop_copy_button(pre)
        drop_line_numbers(pre)
        around_code.update(takewhile(lambda up: up not in around_code, pre.ancestors))
    for number in list(filter(is_line_number, root.iter_elements())):
        if number.closest("pre") or number.parent in around_code:
            number.extract()


def _lines_as_code(root: Element) -> None:
    """What shows lines as they stand becomes a `<pre>`: text areas, Mermaid's diagrams, and code of
    Discuz, a list of lines with a break in each."""
    for code in root.select("div.blockcode, div.mermaid, textarea"):
        code.tag = "pre"
        for end in list(code.iter_elements("br")):
            end.extract()


def _keep_tex(root: Element) -> None:
    """KaTeX, MathJax and MathML: their TeX becomes the text of a `tex` element."""
    for math in list(root.iter_elements("math")):
        source = math.find("annotation", attrs={"encoding": "application/x-tex"})
        if tex := source.text if source else math.attr("alttext"):
            around = math.closest(".katex-display") or math.closest(".katex") or math
            around.replace_with(_tex(tex, math.attr("display") == "block"))
    scripts = root.select("script[type^='math/tex']")
    for script in scripts:
        script.replace_with(_tex(html.unescape(script.text), "display" in str(script.attr("type"))))
    for rendered in root.select("[class^=MathJax]") if scripts else ():
        rendered.extract()


def _tex(source: str, is_block: bool) -> Element:
    return Element("tex", {"display": "block"} if is_block else None, [Text(source.strip())])
