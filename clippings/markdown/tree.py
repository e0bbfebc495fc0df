"""HTML text → a tree that is safe to walk: every letter in it, bounded in depth and breadth.

libxml2 does the parsing. What it would lose or choke on is put right first: a document
deeper than it allows, a hundred thousand attributes on one tag (quadratic there), an end
that never comes (a comment, a `<title>`, a tag) and would swallow the rest.
"""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree

from clippings.markdown.code import code_cells, code_text, is_line_number
from clippings.markdown.media import EMBEDDED, media_address

# libxml2 stops at 256 levels (2,048 for a huge document), and so would Python's stack; and
# at a text of 10 MB.
DEEPEST = 200
_LIMITS = (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_INTERNAL_ERROR)
_HUGE = 5_000_000
_BROAD = 50_000
_LONG_TAG = 2000
_MOST_ATTRIBUTES = 64

# Text in these is read to their end tag as it stands.
_RAW_TEXT = tuple("title textarea script style xmp iframe noembed noframes plaintext".split())
# What follows these, until their end tag, is for browsers that cannot play them.
_PLAYERS = ("video", "audio", "object")
# Without an end tag, each of these would take the rest of the document with it.
_SWALLOWING = (*_RAW_TEXT, *_PLAYERS, "button", "svg", "template", "canvas")
# These have no inside, but libxml2 does not know that: what follows would be in them.
_UNKNOWN_VOID = ("embed", "source", "track", "wbr")
_TO_MEND = (*_SWALLOWING, *_UNKNOWN_VOID)
_EMPTY_RAW = re.compile(r"(?i)<(iframe|script|title|textarea)(\s[^<>]*)?/>")
_UNENDED = {
    "iframe": (r"(?i)<iframe(?=[\s>])[^<>]*>", r"\g<0></iframe>"),
    "script": (r"(?i)<script\s[^<>]*\bsrc=[^<>]*>", r"\g<0></script>"),
    **{
        player: (
            rf"(?i)<{player}(?=[\s>])[^<>]*>(?:\s*<(?:source|track|param)\b[^<>]*>)*",
            rf"\g<0></{player}>",
        )
        for player in _PLAYERS
    },
}
# Nothing a reader sees.
_UNSEEN = tuple("script style button svg template head title link meta canvas".split())
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd label mark q s samp small span"
    " strike strong sub sup tt u var".split()
)
_SELF_CLOSING = frozenset("p li dt dd tr td th option".split())

# libxml2 ends these where a <p> begins in them; as a <div> it may stand there.
_CUT_SHORT = re.compile(r"(?i)<(?:b|i|u|s|h[1-6])(?:\s[^<>]*)?>\s*<p[\s>]")
_DOCUMENT_END = re.compile(r"</[Hh][Tt][Mm][Ll]\s*>")  # libxml2 would read no further
_PARAGRAPH_TAG = re.compile(r"(?i)<(/?)p(?=[\s>/])")
_TAG = re.compile(r"<(/?)([A-Za-z][^\s<>/]*)[^<>]*>")
_OPEN_TAG = re.compile(r"""<[A-Za-z](?:[^"'=>]+|=\s*"[^"]*"|=\s*'[^']*'|["'=])*""")
_ATTRIBUTE = re.compile(r"""[^\s"'=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?""")


class Document:
    """A body as a cleaned tree: `root` (None where there is nothing to read) without what no
    reader sees, TeX in the place of its rendering; and whether it was flattened."""

    def __init__(self, source: str) -> None:
        text = _mend_ends(source)
        if len(text) > _BROAD and max(map(len, _OPEN_TAG.findall(text)), default=0) > _LONG_TAG:
            text = _OPEN_TAG.sub(_fewer_attributes, text)
        self.flattened = False
        root, errors = _parse(text)
        first = root
        present = _watched_in(root)
        # Where libxml2 gave up, they may stand deeper than was read.
        to_mend = set(_TO_MEND) if errors.filter_types(_LIMITS) else present.intersection(_TO_MEND)
        mended = _mend_swallowing(text, to_mend) if to_mend else text
        if errors and _CUT_SHORT.search(mended):
            mended = _PARAGRAPH_TAG.sub(r"<\1div", mended)
        if mended != text:
            root, errors = _parse(mended)
        if errors.filter_types(_LIMITS):
            shallow = flatten(mended)
            self.flattened = shallow != mended
            root, _ = _parse(shallow, huge=len(shallow) > _HUGE)
        self.root = root
        if root is not None:
            _clean(root, present if root is first else _watched_in(root))


def _watched_in(root: etree._Element | None) -> set[str]:
    """The tags in a tree that need mending or tending, found in one walk."""
    return set() if root is None else {element.tag for element in root.iter(*_WATCHED)}


def _parse(text: str, *, huge: bool = False) -> tuple[etree._Element | None, etree._ListErrorLog]:
    """The tree of a document, and what libxml2 found wrong with it."""
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=huge
    )
    data = text.encode("utf-8", "replace")
    try:
        root = etree.fromstring(data.replace(b"\0", b"") if b"\0" in data else data, parser)
    except etree.XMLSyntaxError:  # nothing in it but white space, comments, a doctype
        root = None
    return root, parser.error_log


def _mend_ends(text: str) -> str:
    """What nothing closes (a comment, a tag) is text, and nothing closes the document early."""
    text = _DOCUMENT_END.sub("", text)
    if "<!" in text:
        if "<![CDATA[" in text:
            text = text.replace("<![CDATA[", "").replace("]]>", "")
        last_comment = text.rfind("-->") + 1
        if text.find("<!--", last_comment) >= 0:
            text = text[:last_comment] + text[last_comment:].replace("<!--", "")
    last_tag = text.rfind(">") + 1
    if text.find("<", last_tag) >= 0:
        text = text[:last_tag] + text[last_tag:].replace("<", "&lt;")
    return text


def _mend_swallowing(text: str, present: set[str]) -> str:
    """Tags that would take the rest of the document with them are ended; `present` occur in it.

    A frame, a player or an outside script ends where it begins, `<title>` and its like become
    plain elements; a style that stands in the page hides what follows, as in browsers.
    """
    text = before = _EMPTY_RAW.sub(r"<\1\2></\1>", text)
    for tag in sorted(present.difference(_UNKNOWN_VOID, ("style",))):
        edges = [edge.start() for edge in re.finditer(rf"(?i)</{tag}(?![a-z])", text)]
        place = edges[-1] + 1 if edges else 0
        pattern, mended = _UNENDED.get(tag, (f"(?i)<{tag}(?![a-z])", "<div "))
        text = text[:place] + re.sub(pattern, mended, text[place:])
    if text != before and len(present) < len(_TO_MEND):
        return _mend_swallowing(text, set(_TO_MEND))  # what was raw text may hold others
    for tag in present.intersection(_UNKNOWN_VOID):
        text = re.sub(rf"(?i)<{tag}\b[^<>]*>", rf"\g<0></{tag}>", text)
    return text


def _fewer_attributes(match: re.Match[str]) -> str:
    tag = match[0]
    if len(tag) < _LONG_TAG:
        return tag
    name, *attributes = _ATTRIBUTE.findall(tag)
    return (
        " ".join([name, *attributes[:_MOST_ATTRIBUTES]])
        if len(attributes) > _MOST_ATTRIBUTES
        else tag
    )


def flatten(text: str) -> str:
    """HTML with the tags beyond `DEEPEST` levels left out, one pass; blocks become line breaks."""
    stack: list[str] = []
    skipped: dict[str, int] = {}

    def keep(match: re.Match[str]) -> str:
        closing, name = match[1], match[2].lower()
        if name in _VOID:
            return match[0]
        if not closing:
            if name in _SELF_CLOSING and stack and stack[-1] == name:
                stack.pop()
            if len(stack) < DEEPEST:
                stack.append(name)
                return match[0]
            skipped[name] = skipped.get(name, 0) + 1
        elif skipped.get(name):
            skipped[name] -= 1
        else:
            if name in stack:
                while stack.pop() != name:
                    pass
            return match[0]
        return "" if name in _INLINE else "<br>"

    return _TAG.sub(keep, text)


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


def _drop_line_numbers(root: etree._Element) -> None:
    """Code in a table with its line numbers becomes one `<pre>`; other numbers go."""
    for table in list(root.iter("table")):
        if cells := code_cells(table):
            lines = "\n".join(map(code_text, cells))
            table.clear(keep_tail=True)
            table.tag, table.text = "pre", lines
    for code in list(root.iter("pre")):
        if next(code.iterancestors("pre"), None) is None:
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
    (("table", "pre"), _drop_line_numbers),
    (EMBEDDED, _empty_players),
    (("dd",), _end_definitions),
    ((*_UNSEEN, "pre"), _strip_unseen),
)
_WATCHED = {*_TO_MEND, *(tag for tags, _ in _TENDED_BY for tag in tags)}
