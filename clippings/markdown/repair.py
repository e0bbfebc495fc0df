"""HTML text put right where a parser would lose what a reader sees: a text in, a text out.

    scripts and styles go ─► bare `<` in code is text ─► what nothing ends is ended
         ─► (very long) fewer attributes ─► (very deep) fewer levels

Every step is one pass over the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache

from clippings.markdown.source import TAG, VOID


def _either(names: str) -> str:
    """A pattern for names in either case: with `(?i)` each tag of a page costs a try of each."""
    return "|".join(f"{name}|{name.upper()}" for name in names.split())


# libxml2 stops at 256 levels (2,048 for a huge document), and so would Python's stack.
DEEPEST = 200
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
TO_MEND = (*_SWALLOWING, *_UNKNOWN_VOID)
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
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd label mark q s samp small span"
    " strike strong sub sup tt u var".split()
)
_SELF_CLOSING = frozenset("p li dt dd tr td th option".split())

# libxml2 ends these where a <p> begins in them; as a <div> it may stand there.
CUT_SHORT = re.compile(
    rf"<(?:{_either('b strong i em u s h1 h2 h3 h4 h5 h6')})(?:\s[^<>]*)?>"
    rf"\s*<(?:{_either('p center')})[\s>]"
)
_MARK_OR_PARAGRAPH = re.compile(r"(?i)<(/?)(b|strong|i|em|p)(?=[\s>])[^<>]*>")
_END_IN_MARK = re.compile(rf"<(?:{_either('b strong i em')})>[^<]*</[pP]>")
_DOCUMENT_END = re.compile(r"</[Hh][Tt][Mm][Ll]\s*>")  # libxml2 would read no further
PARAGRAPH_TAG = re.compile(r"(?i)<(/?)p(?=[\s>/])")
_OPEN_TAG = re.compile(r"""<[A-Za-z](?:[^"'=<>]+|=\s*"[^"]*"|=\s*'[^']*'|["'=])*""")
_ATTRIBUTE = re.compile(r"""[^\s"'=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?""")


# What is set apart before anything is counted or mended: code, what nobody sees, and names of
# elements that may be words of a sentence.
_APART = re.compile(
    rf"<(?:({_either('pre code script style')})(?=[\s/>])[^<>]*>|!---?>|!--"
    r"|/?(?:script|style|input|textarea|select|option|form|button|title|head|body|html|template"
    r"|iframe|video|audio|canvas|object|embed|meta|link) ?/?>)"
)
_IN_CODE = re.compile(r"<(?:(/?)([A-Za-z][^\s<>/]*)(?![^\s<>/])([^<>]*)>|!DOCTYPE\b|!--)?")
# What marks words or lines of code up; anything else that looks like a tag is code itself.
_MARKUP = frozenset(
    "a abbr b bdi bdo big br cite code del dfn em font i img ins kbd label mark pre q s samp small"
    " span strike strong sub sup tt u var wbr".split()
)
_LINES = frozenset("div figure li ol p table tbody td th tr ul".split())
_HTML_CODE = frozenset(
    "!doctype article body button footer form h1 h2 h3 head header html input link main meta nav"
    " option script section select style template textarea title".split()
)
_COPY_BUTTON = re.compile(
    r"(?i)<button(?=[^<>]*(?:cop[yi]|clip))[^<>]*>[^<]{0,99}(?:<(?!/button)[^<]{0,99}){0,20}</button>"
)
_INDENTED = re.compile(r"\n[ \t]{2,}$")
_SCRIPT_SIGN = re.compile(r"[<{}()=;\n]")


def _end_tag(text: str, name: str, place: int, known: dict[str, int]) -> int:
    """Return where the end tag after `place` begins, -1 where none does; asked for in order.

    `known` keeps what was found: a name that never ends is looked for once.
    """
    found = known.get(name, 0)
    if found != -1 and found < place:
        match = re.compile(rf"(?i)</{name}(?![a-z])").search(text, place)
        found = known[name] = match.start() if match else -1
    return found


def without_scripts(text: str) -> str:
    """Return HTML without its scripts and styles, a bare `<` in its code written as `&lt;`.

    Entities were undone on the way of many pages: `List<Activity>` stands as it is in their code,
    and so does `<script>`, also in sentences. TeX in scripts stays.
    """
    parts: list[str] = []
    known: dict[str, int] = {}
    tags = cache(lambda: {found.lower() for found in re.findall("</?[A-Za-z]+", text)})
    last_comment = text.rfind("-->")
    place = 0
    while apart := _APART.search(text, place):
        start, inside = apart.span()
        parts.append(text[place:start])
        tag, name, place = apart[0], (apart[1] or "").lower(), inside
        if tag.endswith("->") or (name and tag.endswith("/>")):
            continue  # ended where it begins
        if name:
            end = _end_tag(text, name, inside, known)
        else:
            end = text.find("-->", inside) if tag == "<!--" and inside <= last_comment else -1
        if end < 0:
            parts.append(_as_word(apart, tags))
            continue
        place, content = end, text[inside:end]
        if name in ("pre", "code"):
            parts.append(tag + (_bare_as_text(content, name) if "<" in content else content))
        elif "math/tex" in tag:
            parts.append(tag + content)
        else:
            place = text.find(">", end) + 1 or len(text)
            if name and _is_mention(tag, content):
                parts.append(f"&lt;{tag[1:]}{content}&lt;/{name}>")
    return "".join([*parts, text[place:]])


def _is_mention(tag: str, content: str) -> bool:
    """Whether a script or style is two names in a sentence: 在 <script> 与 </script> 之间."""
    bare = tag.isascii() and tag[1:-1].isalpha()
    return bare and bool(content.strip()) and not _SCRIPT_SIGN.search(content)


def _as_word(match: re.Match[str], tags: Callable[[], set[str]]) -> str:
    """A tag without a partner, as text where it is a word of a sentence: 表单 <input> 及其他.

    `tags` gives the beginnings of all tags, as `</script`.
    """
    text, tag = match.string, match[0].lower().rstrip(" />").lstrip("<")
    if not tag.strip("/").isalpha() or tag in ("pre", "code"):
        return match[0]
    before = text[max(0, match.start() - 2) : match.start()]
    after = text[match.end() : match.end() + 2]
    edges = before.strip(" ")[-1:], after.strip(" ")[:1]
    in_sentence = edges[0] not in ("", ">", "\n") and edges[1] not in ("", "<", "\n")
    glued = before[-1:].isalnum() and after[:1].isalnum()
    partner = f"<{tag[1:]}" if tag[0] == "/" else f"</{tag}"
    if not in_sentence or glued or partner in tags():
        return match[0]
    return f"&lt;{match[0][1:]}"


def _is_html_code(tag: re.Match[str]) -> bool:
    """Whether a tag in code shows that the code is HTML."""
    name = (tag[2] or tag[0][1:]).lower()
    indent = tag.string[max(0, tag.start() - 40) : tag.start()]
    return (
        name in _HTML_CODE
        or (bool(tag[2]) and "-" in name)
        or (name in _LINES and _INDENTED.search(indent) is not None)
    )


def _bare_as_text(code: str, around: str) -> str:
    """The inside of code, each `<` that begins no markup as `&lt;`."""
    code = _COPY_BUTTON.sub("", code)
    tags = list(_IN_CODE.finditer(code))
    opened = Counter((tag[2] or "").lower() for tag in tags if not tag[1])
    closed = Counter((tag[2] or "").lower() for tag in tags if tag[1])
    is_html = any(map(_is_html_code, tags))
    lines = _LINES if around == "pre" and not is_html else frozenset()

    def written(tag: re.Match[str]) -> str:
        if tag[0] == "<!--" and not is_html:
            return tag[0]  # a comment
        name = (tag[2] or "").lower()
        closes = closed[name] and (opened[name] or name in lines)
        known = name in _MARKUP or name in lines
        if known and (closes or name in ("br", "img", "wbr", "li", "p", "td", "tr", "th")):
            return tag[0]
        return "&lt;" + tag[0][1:]

    return _IN_CODE.sub(written, code)


def mend_ends(text: str) -> str:
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


def mend_swallowing(text: str, present: set[str]) -> str:
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
    if text != before and len(present) < len(TO_MEND):
        return mend_swallowing(text, set(TO_MEND))  # what was raw text may hold others
    for tag in present.intersection(_UNKNOWN_VOID):
        text = re.sub(rf"(?i)<{tag}\b[^<>]*>", rf"\g<0></{tag}>", text)
    return text


def with_fewer_attributes(text: str) -> str:
    """Return a long text whose tags name so many attributes at most: libxml2 is quadratic there."""
    if len(text) <= _BROAD or max(map(len, _OPEN_TAG.findall(text)), default=0) <= _LONG_TAG:
        return text
    return _OPEN_TAG.sub(_fewer_attributes, text)


def _fewer_attributes(match: re.Match[str]) -> str:
    if len(match[0]) < _LONG_TAG:
        return match[0]
    name, *attributes = _ATTRIBUTE.findall(match[0])
    return (
        match[0]
        if len(attributes) <= _MOST_ATTRIBUTES
        else " ".join([name, *attributes[:_MOST_ATTRIBUTES]])
    )


def with_marks_carried(text: str) -> str:
    """Return HTML whose bold and italics end with their paragraph and begin again in the next.

    As browsers have it; libxml2 ends `<p><b>一</p><p>二</b>` with 一.
    """
    if not _END_IN_MARK.search(text):
        return text
    tags = Counter((tag[1], tag[2].lower()) for tag in _MARK_OR_PARAGRAPH.finditer(text))
    balanced = {name for closing, name in tags if tags["", name] == tags["/", name]}
    inside: list[str] = []  # marks that are open in this paragraph
    carried: list[str] = []

    def written(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        if name == "p" and tag[1]:
            carried[:], inside[:] = inside, []
            return "".join(f"</{mark}>" for mark in reversed(carried)) + tag[0]
        if name == "p":
            inside[:] = carried
            return tag[0] + "".join(f"<{mark}>" for mark in carried)
        if name not in balanced:
            return tag[0]
        if not tag[1]:
            inside.append(name)
        elif name in inside:
            inside.remove(name)
        elif name in carried:
            carried.remove(name)
            return ""
        return tag[0]

    return _MARK_OR_PARAGRAPH.sub(written, text)


def flatten(text: str) -> str:
    """HTML with the tags beyond `DEEPEST` levels left out, one pass; blocks become line breaks."""
    stack: list[str] = []
    skipped: dict[str, int] = {}

    def keep(match: re.Match[str]) -> str:
        closing, name = match[1], match[2].lower()
        if name in VOID:
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

    return TAG.sub(keep, text)
