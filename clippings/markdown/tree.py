"""HTML text → a tree that is safe to walk: every letter in it, bounded in depth and breadth.

HTML ─► repair ─► libxml2 ─► without what nobody sees ─► HTML that stood as text ─► root
"""

from __future__ import annotations

from itertools import islice

from lxml import etree

from clippings.markdown.code import code_cells, code_text, drop_copy_button, is_line_number
from clippings.markdown.escaped import is_page_as_text, pages_as_code
from clippings.markdown.guard import lost_in_repair
from clippings.markdown.media import EMBEDDED, media_address
from clippings.markdown.repair import (
    CUT_SHORT,
    PARAGRAPH_TAG,
    TO_MEND,
    flatten,
    mend_ends,
    mend_swallowing,
    with_fewer_attributes,
    with_marks_carried,
    without_scripts,
)

# libxml2 stops at 256 levels (2,048 for a huge document), and at a text of 10 MB.
_LIMITS = (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_INTERNAL_ERROR)
_HUGE = 5_000_000
# One for each `huge`: to make a parser takes half as long as an article.
_PARSERS = [
    etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=huge)
    for huge in (False, True)
]
# Nothing a reader sees.
_UNSEEN = tuple("script style button svg template head title link meta canvas".split())


class Document:
    """A body as a cleaned tree: `root` (None where there is nothing to read) without what no
    reader sees, TeX in the place of its rendering.

    `lost` are letters that were lost before there was a tree, `flattened` says whether levels
    were left out, `unescaped` how often HTML stood as code or was escaped twice.
    """

    def __init__(self, source: str, *, unescape: bool = True) -> None:
        seen = without_scripts(source)
        text = with_fewer_attributes(mend_ends(seen))
        self.flattened = False
        self.unescaped = 0
        root, errors = _parse(text)
        first = root
        present = _watched_in(root)
        # Where libxml2 gave up, they may stand deeper than was read.
        to_mend = set(TO_MEND) if errors.filter_types(_LIMITS) else present.intersection(TO_MEND)
        mended = mend_swallowing(text, to_mend) if to_mend else text
        if errors and CUT_SHORT.search(mended):
            mended = PARAGRAPH_TAG.sub(r"<\1div", mended)
        if errors:
            mended = with_marks_carried(mended)
        if mended != text:
            root, errors = _parse(mended)
        if errors.filter_types(_LIMITS):
            shallow = flatten(mended)
            self.flattened = shallow != mended
            root, _ = _parse(shallow, huge=len(shallow) > _HUGE)
        self.root = root
        self.lost = "" if mended == seen else lost_in_repair(seen, root)
        if root is not None:
            _clean(root, present if root is first else _watched_in(root))
            if unescape and "&lt;" in source:
                self._unescape(root)

    def _unescape(self, root: etree._Element) -> None:
        """Put the elements in the place of HTML that stands as text, in code or all over."""
        for place in [root] if is_page_as_text(root) else pages_as_code(root):
            inner = Document("".join(place.itertext()), unescape=False).root
            self.unescaped += 1
            if inner is not None:
                place.text = None
                place[:] = [inner]
                inner.tag = "div"
                place.tag = "html" if place is root else "div"


def _watched_in(root: etree._Element | None) -> set[str]:
    """The tags in a tree that need mending or tending, found in one walk."""
    return set() if root is None else {element.tag for element in root.iter(*_WATCHED)}


def _parse(text: str, *, huge: bool = False) -> tuple[etree._Element | None, etree._ListErrorLog]:
    """The tree of a document, and what libxml2 found wrong with it."""
    parser = _PARSERS[huge]
    data = text.encode("utf-8", "replace")
    try:
        root = etree.fromstring(data.replace(b"\0", b"") if b"\0" in data else data, parser)
    except etree.XMLSyntaxError:  # nothing in it but white space, comments, a doctype
        root = None
    return root, parser.error_log


def _clean(root: etree._Element, present: set[str]) -> None:
    for tags, tend in _TENDED_BY:
        if not present.isdisjoint(tags):
            tend(root)


def _empty_players(root: etree._Element) -> None:
    """What stands inside a player with an address is for browsers that cannot play it."""
    for media in root.iter(*EMBEDDED):
        address = media_address(media)
        if address:
            media.set("src", address)
            del media[:]
            media.text = None


def _end_definitions(root: etree._Element) -> None:
    """libxml2 does not end a <dd> before the next."""
    for inner in list(root.iter("dd")):
        outer = inner.getparent()
        if outer is not None and outer.tag == "dd":
            outer.addnext(inner)


def _strip_unseen(root: etree._Element) -> None:
    etree.strip_elements(root, *_UNSEEN, with_tail=False)


def _tend_code(root: etree._Element) -> None:
    """Code in a table with its line numbers becomes one `<pre>`; other numbers and buttons go."""
    for table in list(root.iter("table")):
        if cells := code_cells(table):
            lines = "\n".join(map(code_text, cells))
            table.clear(keep_tail=True)
            table.tag, table.text = "pre", lines
    for code in list(root.iter("pre")):
        if next(code.iterancestors("pre"), None) is None:
            drop_copy_button(code)
            for number in [child for child in code.iterdescendants() if is_line_number(child)]:
                number.tag = "template"


def _keep_tex(root: etree._Element) -> None:
    """KaTeX, MathJax and MathML: their TeX becomes the text of a `tex` element."""
    for math in list(root.iter("math")):
        source = math.find(".//annotation[@encoding='application/x-tex']")
        tex = math.get("alttext") if source is None else source.text
        if tex:
            rendered = [
                up for up in islice(math.iterancestors(), 4) if "katex" in up.get("class", "")
            ]
            _become_tex(rendered[-1] if rendered else math, tex, math.get("display") == "block")
    scripts = [el for el in root.iter("script") if el.get("type", "").startswith("math/tex")]
    for script in scripts:
        _become_tex(script, script.text or "", "display" in script.get("type", ""))
    if scripts:
        for element in root.iter("span", "div"):
            if element.get("class", "").startswith("MathJax"):
                element.tag = "template"  # the rendering of a script that is kept


def _become_tex(element: etree._Element, tex: str, display: bool) -> None:
    element.clear(keep_tail=True)
    element.tag = "tex"
    element.text = tex.strip()
    if display:
        element.set("display", "block")


# The elements that need tending, and what tends them, in this order.
_TENDED_BY = (
    (("math", "script"), _keep_tex),
    (("table", "pre"), _tend_code),
    (EMBEDDED, _empty_players),
    (("dd",), _end_definitions),
    ((*_UNSEEN, "pre"), _strip_unseen),
)
_WATCHED = {*TO_MEND, *(tag for tags, _ in _TENDED_BY for tag in tags)}
