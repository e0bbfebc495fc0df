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
from clippings.markdown.elements import NAMES


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
    r"|iframe|video|audio|canvas|object|embed|meta|link) ?/?>"
    r"|(?:header|footer|nav|main|article|section|aside|figure|figcaption|details|summary|dialog|label"
    r"|fieldset|legend|picture|source|img|a) ?/?>)"
)
_CODE = frozenset("pre code tt samp kbd".split())
_CODE_START = re.compile(r"(?i)<(pre|code)(?=[\s>])[^<>]*>")
# Without attributes these do nothing: one word beside them is enough to be a word.
_NEVER_BARE = frozenset(
    "input textarea select iframe video audio canvas object embed meta link template img".split()
)
_NAME = re.compile(r"</?[A-Za-z][^\s<>/]*")
_BEGUN = re.compile(r"<([A-Za-z][^\s<>/]*)")
_BARE_TAG = re.compile(r"""<([A-Za-z][^\s<>/"]*)(?=(?:[\s/][^<>"]*)?[<>])""")
_OFFICE = re.compile("[a-z]+[0-9]?:[a-z]+")  # <o:p>
_IN_CODE = re.compile(r"<(?:(/?)([A-Za-z][^\s<>/]*)(?![^\s<>/])([^<>]*)>|!DOCTYPE\b|!--)?")
# What marks words or lines of code up; anything else that looks like a tag is code itself.
_MARKUP = frozenset(
    "a abbr b bdi bdo big br cite code del dfn em font i img ins kbd label mark pre q s samp small"
    " span strike strong sub sup tt u var wbr".split()
)
# In code that is HTML: highlighters colour it with these.
_COLOURED = frozenset("span font".split())
_COLOUR = re.compile(r"\s(?:class|style|color)=")
_HTML_LANGUAGE = re.compile(r"""(?i)\sclass=["'][^"'<>]*\b(?:x?html|xml|vue|svg|jsx|markup)\b""")
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
# A parameter of an address, ?a=1&copy=2, is no ©; `a &lt= b` is a sign.
_PARAMETER = re.compile(r"&(?!(?:lt|gt|amp|quot|nbsp)=)(?=[A-Za-z]\w*=)")
_CELL = re.compile(r"(?i)<(/?)t[dhr](?=[\s>])")
_SCRIPT_SIGN = re.compile(r"[{}()=;\n]")
_END_OF_SENTENCE = re.compile("</(?:p|li|h[1-6]|t[dh]|strong|b|em)>")
# In code, a comment without words is the work of a script: <!-- -->, <!--=-->.
_NO_WORDS = re.compile(r"\W*-->")
_ONE_TAG = re.compile(r"\s*<(?:br|wbr|img)(?=[\s/>])(?![^<>]*//)[^<>]*>\s*")


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
    tags = cache(lambda: {name.lower() for name in _NAME.findall(_without_code(text))})
    begun = {name.lower() for name in set(_BEGUN.findall(text))}
    unknown = {name for name in begun - NAMES if f"</{name}" not in tags()}
    mentioned: set[str] = set()
    last_comment = text.rfind("-->")
    place = 0
    while apart := _APART.search(text, place):
        start, inside = apart.span()
        parts.append(_without_unknown(text[place:start], unknown))
        tag, name, place = apart[0], (apart[1] or "").lower(), inside
        if tag.endswith("->") or (name and tag.endswith("/>")):
            end = inside  # ended where it begins
        elif name:
            end = _end_tag(text, name, inside, known)
        else:
            end = text.find("-->", inside) if tag == "<!--" and inside <= last_comment else -1
        if end < 0:
            parts.append(f"&lt;{tag[1:]}" if tag in mentioned else _as_word(apart, tags))
            continue
        if name and name not in _CODE and _is_mention(apart, end):
            mentioned.add(f"</{name}>")
            parts.append(f"&lt;{tag[1:]}")
            continue
        mentioned.discard(f"</{name}>")
        place, content = end, text[inside:end]
        if name in _CODE and "<" in content:
            content = _bare_in_code(content, tag, name)
        parts += tag, content
    return "".join([*parts, _without_unknown(text[place:], unknown)])


def _without_code(text: str) -> str:
    """The text outside of code: what ends there is no partner of a word."""
    parts: list[str] = []
    known: dict[str, int] = {}
    place = 0
    for start in _CODE_START.finditer(text):
        end = _end_tag(text, start[1].lower(), start.end(), known) if start.end() > place else -1
        if end >= 0:
            parts.append(text[place : start.start()])
            place = end
    return "".join([*parts, text[place:]])


def _without_unknown(text: str, unknown: set[str]) -> str:
    """Return HTML in which tags of these names are text: List<String>, <https://a.example/>."""

    def written(tag: re.Match[str]) -> str:
        name = tag[1].lower()
        is_word = name in unknown and not _OFFICE.fullmatch(name)
        return f"&lt;{tag[1]}" if is_word else tag[0]

    return _BARE_TAG.sub(written, text) if unknown else text


def _is_mention(tag: re.Match[str], close: int) -> bool:
    """Whether a script or style is two names in a sentence: 在 <script> 与 </script> 之间.

    `close` is where its end tag begins.
    """
    text, end = tag.string, tag.end()
    words = text[end : text.find("<", end)].strip()
    is_text = words or (text.startswith("</", end) and end < close)
    return "=" not in tag[0] and bool(is_text) and not _is_before_code(tag)


def _is_before_code(tag: re.Match[str]) -> bool:
    """Whether code follows the tag of a script or style, and not the rest of a sentence."""
    text, end = tag.string, tag.end()
    next_tag = text.find("<", end)
    next_tag = next_tag if next_tag >= 0 else len(text)
    is_code = _SCRIPT_SIGN.search(text, end, next_tag) is not None
    return is_code and not _END_OF_SENTENCE.match(text, next_tag)


def _as_word(match: re.Match[str], tags: Callable[[], set[str]]) -> str:
    """A tag without a partner, as text where it is a word of a sentence: 表单 <input> 及其他.

    `tags` gives the beginnings of all tags, as `</script`.
    """
    text, found = match.string, _NAME.match(match[0])
    tag = found[0].lower()[1:] if found else ""
    if not tag or tag in _CODE:
        return match[0]
    before = text[max(0, match.start() - 2) : match.start()]
    after = text[match.end() : match.end() + 2]
    edges = before.strip(" ")[-1:], after.strip(" ")[:1]
    sides = (edges[0] not in ("", ">", "\n")) + (edges[1] not in ("", "<", "\n"))
    if tag in ("script", "style"):
        is_word = sides == 2 or "src" not in match[0]
        is_word &= not _is_before_code(match)
    else:
        glued = before[-1:].isalnum() and after[:1].isalnum()
        is_word = sides > (tag not in _NEVER_BARE) and not glued
    partner = f"<{tag[1:]}" if tag[0] == "/" else f"</{tag}"
    return f"&lt;{match[0][1:]}" if is_word and partner not in tags() else match[0]


def _is_html_code(tag: re.Match[str]) -> bool:
    """Whether a tag in code shows that the code is HTML."""
    name = (tag[2] or tag[0][1:]).lower()
    indent = tag.string[max(0, tag.start() - 40) : tag.start()]
    return (
        name in _HTML_CODE
        or (bool(tag[2]) and "-" in name)
        or (name in _LINES and _INDENTED.search(indent) is not None)
    )


def _bare_in_code(code: str, start: str, around: str) -> str:
    """The inside of code, each `<` that begins no markup as `&lt;`; `start` is its start tag."""
    code = _COPY_BUTTON.sub("", code)
    if around != "pre" and _ONE_TAG.fullmatch(code):
        return code.replace("<", "&lt;")
    tags = list(_IN_CODE.finditer(code))
    opened = Counter((tag[2] or "").lower() for tag in tags if not tag[1])
    closed = Counter((tag[2] or "").lower() for tag in tags if tag[1])
    is_html = any(map(_is_html_code, tags)) or (
        not opened["span"] and _HTML_LANGUAGE.search(start + code[:200]) is not None
    )
    markup = _MARKUP
    if is_html:  # nobody coloured it, or coloured it with classes and styles
        bare = {tag[2].lower() for tag in tags if tag[2] and not (tag[1] or _COLOUR.search(tag[3]))}
        markup = _COLOURED - bare | {"code"}
    lines = _LINES if around == "pre" and not is_html else frozenset()

    def written(tag: re.Match[str]) -> str:
        if tag[0] == "<!--" and not is_html and _NO_WORDS.match(code, tag.end()):
            return tag[0]
        name = (tag[2] or "").lower()
        closes = closed[name] and (opened[name] or name in lines)
        known = name in markup or name in lines
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
    text = _PARAMETER.sub("&amp;", _COMPARISON.sub("&lt;", text))
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
