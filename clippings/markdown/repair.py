"""HTML text put right where a browser would hide what its author showed: a text in, a text out.

    bare `<` in code and sentences is text ─► what nothing ends is ended

Entities were undone on the way of many pages, so `List<Activity>` stands as it is in their code.
Every step is one pass over the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache

from clippings.markdown.code import COPY


def _either(names: str) -> str:
    """A pattern for names in either case: with `(?i)` each tag of a page costs a try of each."""
    return "|".join(f"{name}|{name.upper()}" for name in names.split())


# Without an end tag, each of these would hide the rest of the document: it is text, or stands in
# for a player, or is never shown. (A style that stands in the page does so in browsers, too.)
_PLAYERS = ("video", "audio", "object")
SWALLOWING = frozenset(
    "title textarea script xmp iframe noembed noframes plaintext button svg template canvas"
    " select video audio object".split()
)
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

# What is set apart before anything is counted or mended: code, what nobody sees, and names of
# elements that may be words of a sentence.
_APART = re.compile(
    rf"<(?:({_either('pre code script style')}|tt|samp|kbd)(?=[\s/>])[^<>]*>|!---?>|!--"
    r"|/?(?:script|style|input|textarea|select|option|form|button|title|head|body|html|template"
    r"|iframe|video|audio|canvas|object|embed|meta|link) ?/?>)"
)
_CODE = frozenset("pre code tt samp kbd".split())
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
    rf"|<button\b[^<>]*>\s{{0,99}}(?:{'|'.join(COPY)})\s{{0,99}}</button>"
)
_INDENTED = re.compile(r"\n[ \t]{2,}$")
# An end tag begins in what would be a tag: 若 a<b 则停</p>.
_CUT_SHORT = re.compile(r"<(?=[A-Za-z]\w*(?:\s+\w[^<>\"'=]*)?</)")
# A comparison, with words where attributes would be: a<b 且 c>d.
_COMPARISON = re.compile(
    r"<(?<=\w<)(?=[A-Za-z]\w*\s+(?!(?:hidden|disabled|checked|open|controls|reversed|loop|muted"
    r"|autoplay|allowfullscreen|nowrap|noshade|ismap)\b)\w[^<>\"'=]*>)"
)
_CELL = re.compile(r"(?i)<(/?)t[dhr](?=[\s>])")
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


def bare_as_text(text: str) -> str:
    """Return HTML whose bare `<` in code and sentences is `&lt;`: `<script>` in a sentence, too."""
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
            end = inside  # ended where it begins
        elif name:
            end = _end_tag(text, name, inside, known)
        else:
            end = text.find("-->", inside) if tag == "<!--" and inside <= last_comment else -1
        if end < 0:
            parts.append(_as_word(apart, tags))
            continue
        place, content = end, text[inside:end]
        if name in _CODE:
            content = _bare_in_code(content, name) if "<" in content else content
        elif name and _is_mention(tag, content):
            place = text.find(">", end) + 1 or len(text)
            tag, content = f"&lt;{tag[1:]}", f"{content}&lt;/{name}>"
        parts += tag, content
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
    if not tag.strip("/").isalpha() or tag in _CODE:
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


def _bare_in_code(code: str, around: str) -> str:
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
    """Return HTML in which a comment or a tag that nothing closes is text."""
    if "<!" in text:
        if "<![CDATA[" in text:
            text = text.replace("<![CDATA[", "").replace("]]>", "")
        last_comment = text.rfind("-->") + 1
        if text.find("<!--", last_comment) >= 0:
            text = text[:last_comment] + text[last_comment:].replace("<!--", "")
    text = _COMPARISON.sub("&lt;", text)
    if text.count("<") > text.count(">"):
        text = _CUT_SHORT.sub("&lt;", text)
    if "<td" in text and "<table" not in text:  # cells of no table would run into each other
        text = _CELL.sub(r"<\1div", text)
    last_tag = text.rfind(">") + 1
    if text.find("<", last_tag) >= 0:
        text = text[:last_tag] + text[last_tag:].replace("<", "&lt;")
    return text


def end_what_swallows(text: str, present: set[str]) -> str:
    """Return HTML whose `SWALLOWING` elements end; `present` are those that occur in it.

    A frame, a player or an outside script ends where it begins, `<title>` and its like become
    plain elements.
    """
    mended = _EMPTY_RAW.sub(r"<\1\2></\1>", text) if "/>" in text else text
    low = mended.lower()
    for tag in sorted(present & SWALLOWING):
        if low.rfind(f"</{tag}") > low.rfind(f"<{tag}"):
            continue
        edges = [edge.start() for edge in re.finditer(rf"(?i)</{tag}(?![a-z])", mended)]
        place = edges[-1] + 1 if edges else 0
        pattern, ended = _UNENDED.get(tag, (f"(?i)<{tag}(?![a-z])", "<div "))
        mended = mended[:place] + re.sub(pattern, ended, mended[place:])
    if mended != text and present < SWALLOWING:  # what was raw text may hold others
        return end_what_swallows(mended, set(SWALLOWING))
    return mended
