"""HTML put right where a browser would hide what its author showed: a text in, a text out.

Entities were undone on the way of many pages, so `List<Activity>` stands as it is in their text.
One walk over the tags tells which `<` is text, and ends what would hide the rest of the page:

    in code        what does not colour it or end its lines is text
    outside of it  what has no partner and is no element, or has words beside it
"""

from __future__ import annotations

import re

from clippings.markdown.code import NO_CODE
from clippings.markdown.elements import NAMES
from clippings.markdown.media import EMBEDDED

# A tag or the beginning of a comment; in code, any other `<` too. Most tags are never a word.
_ANY = r"(/?)([A-Za-z][^\s<>/]*|!--)([^<>]*)>?"
_IN_CODE = re.compile(f"<(?:{_ANY})?")
_TAG = re.compile(rf"<(?!/?(?:p|br|span|div|strong|em|b|li|ul|td|tr)[ >]|img ){_ANY}")
# Cut short by an end tag: 若 a<b 则停</p>. A comparison: a<b 且 c>d. No name: <? super T>,
# </>. A word: <!DOCTYPE html> 是声明. (Most tags are none of these.)
_NO_TAG = re.compile(
    r"<(?!/[a-z]|[a-z]{1,9}\d?>|img |span )"
    r"(?:(?=[A-Za-z]\w*(?:\s+\w[^<>\"'=]*)?</)|(?<=\w<)(?=[A-Za-z]\s+\w[^<>\"'=]*>)"
    r"|(?=\?(?![a-z])|/>|!(?i:doctype)[^<>]*>(?!\s*(?:<[A-Za-z!]|(?:</div>\s*)*\Z))))"
)
_ALONE_IN_CELL = re.compile(r"<(?<=><)(?=(?!br>|p>|t[dh]>)[a-z][a-z0-9]*></t[dh]>)")
# A parameter of an address, ?a=1&copy=2, is no ©; `a &lt= b` is a sign.
_PARAMETER = re.compile(r"&(?!(?:lt|gt|amp|quot|nbsp)=)(?=[A-Za-z]\w*=)")

# Text as a feed gave it, in what the archive's generator put around it.
_PLAIN = re.compile(r"\s*<div> {3}\n([^<]*(?:<(?![A-Za-z/!?])[^<]*)*)</div>\s*")
# An element named in a sentence: 用 <div> 和 <span> 布局，在 <ul> 里放 <li>、<td>。
_CLOSING = "，。、；：）"
_NAMED_BLOCK = re.compile(
    rf"<(?=[dolpstu])((?:span|div|[uo]l|table)(?=> ?[^\s<])|(?:p|li|t[dhr])(?=>[{_CLOSING}]))>"
)
# Sign → pattern and what stands for it: a section (but for `<![CDATA[ < ]]>` in code), the address
# of a heading beside it.
_ANCHOR = re.compile(r"<a\s[^<>]*>\s*[#¶]\s*</a>")
_REPLACED = (
    ("<![CDATA[", re.compile(r"(<!\[CDATA\[\s*[<>]=?\s*\]\]>)|<!\[CDATA\[|\]\]>"), r"\1"),
    ("#</a>", _ANCHOR, ""),
    ("¶", _ANCHOR, ""),
)
# AMP's elements, and what loads a player when it is asked for.
_AMP = re.compile(r"<(/?)amp-(?=(?:img|video|audio|iframe)\b)")
_YOUTUBE = re.compile(r"<(?:amp|lite)-youtube\s[^<>]*?videoid=[\"']?([\w-]+)[\"']?([^<>]*)")
_FRAME = r'<iframe src="https://www.youtube.com/embed/\1"\2></iframe'
_CODE = frozenset("pre code tt samp".split())
_UNREAD = frozenset(("script", "style", "!--"))
# Without an end tag, each of these would hide the rest of the document.
_HIDING = frozenset(
    "title textarea xmp noembed noframes plaintext button svg template canvas select".split()
)
_ENDED = _CODE | _UNREAD | _HIDING.union(EMBEDDED)
_SOURCES = re.compile(r"(?i)(?:\s*<(?:source|track|param)\b[^<>]*>)*")
# What sentences name. Without attributes the first do nothing: a word on one side will do.
_NEVER_BARE = frozenset(
    "input textarea select iframe video audio canvas object embed meta link template img".split()
)
_NAMED = _NEVER_BARE | frozenset(
    "script style option form button title head body html header footer nav main article section"
    " aside figure figcaption details summary dialog label fieldset legend picture source a"
    " h1 h2 h3 h4 h5 h6".split()
)
_OFFICE = re.compile("[a-z]+[0-9]?:[a-z]+")  # <o:p>
_SENTENCE = re.compile(r"[^<{}()=;\n]*(?:<|\Z)|[^<]*(?<![\"'])</(?:p|li|h[1-6]|t[dh]|strong|b|em)>")

# What marks words or lines of code up; anything else that looks like a tag is code itself.
_MARKUP = frozenset(
    "a abbr b bdi bdo big br cite code del dfn em font i img ins kbd label mark pre q s samp small"
    " span strike strong sub sup tt u var wbr".split()
)
_LINES = frozenset("div figure li ol p table tbody td th tr ul".split())
_WITHOUT_END = frozenset("br img wbr li p td tr th".split())
_COLOUR = re.compile(r"\s(?:class|style|color)=")  # of a span, in code that is HTML
_HTML_LANGUAGE = re.compile(r"""(?i)\sclass=["'][^"'<>]*\b(?:x?html|xml|vue|svg|jsx|markup)\b""")
_SHOWN = _NAMED - _MARKUP - _LINES - {"summary"}  # /// <summary> of C#


def repaired(text: str) -> str:
    """Return HTML in which every `<` begins markup, and nothing hides the rest."""
    text = _names_as_text(_signs_as_text(text))
    parts: list[str] = []
    alone: list[tuple[int, re.Match[str]]] = []  # what may be a word, and its place in `parts`
    names: set[str] = set()  # of the tags outside of code: p, /p
    known: dict[str, int] = {}
    place = 0  # what stands before is in `parts`
    for tag in _TAG.finditer(text):
        start, inside = tag.span()
        if start < place:
            continue
        name = tag[2].lower()
        if tag[1] or name not in _UNREAD:
            names.add(tag[1] + name)
        end = inside if tag[1] or name not in _ENDED else _end(tag, name, known)
        if end == inside and name in NAMES and (tag[3].strip(" /") or name not in _NAMED):
            continue
        if end < 0 and name in EMBEDDED and (sources := _SOURCES.match(text, inside)):
            inside = sources.end()
        parts += text[place:start], _ended(text[start:inside], name) if end < 0 else tag[0]
        place = inside
        if name in _CODE and end >= 0:
            parts.append(_code(text[inside:end], tag[0], name))
            place = end
        elif name in _UNREAD and not tag[1]:
            if _is_mention(tag, end):
                parts[-1] = f"&lt;{tag[0][1:]}"
            elif end >= 0:
                place = max(inside, end + 1)
                parts.append(text[inside:place])
        else:
            alone.append((len(parts) - 1, tag))
    for number, tag in alone:
        if _is_word(tag, names):
            parts[number] = f"&lt;{tag[0][1:]}"
        elif "-" in tag[2]:
            parts[number] = _YOUTUBE.sub(_FRAME, _AMP.sub(r"<\1", parts[number]))
    return "".join([*parts, text[place:]])


def _signs_as_text(text: str) -> str:
    """Return HTML in which what is no tag and no entity is text."""
    if plain := _PLAIN.fullmatch(text):
        text = "<br>\n".join(plain[1].strip().split("\n"))
    for sign, pattern, written in _REPLACED:
        if sign in text:
            text = pattern.sub(written, text)
    text = _NO_TAG.sub("&lt;", _PARAMETER.sub("&amp;", text))
    if "<td" in text:
        text = _ALONE_IN_CELL.sub("&lt;", text)
        if "<table" not in text:  # cells of no table would run into each other
            text = re.sub(r"(?i)<(/?)t[dhr](?=[\s>])", r"<\1div", text)
    last = text.rfind(">") + 1
    return text[:last] + re.sub("<(?!!--)", "&lt;", text[last:])


def _names_as_text(text: str) -> str:
    """Return HTML in which elements named in a sentence are words, if all others have a partner
    and their paragraph ends, where any does: a feed may have cut a page off."""
    named: dict[str, set[int]] = {}
    last_end = max(text.rfind("</p>"), text.rfind("</li>"), text.rfind("</td>"))
    for tag in _NAMED_BLOCK.finditer(text):
        before = text[max(0, tag.start() - 2) : tag.start()].rstrip(" ")[-1:]
        is_cut_off = 0 < last_end < tag.start()
        if not is_cut_off and (before.strip(">\n") or text[tag.end()] in _CLOSING):
            named.setdefault(tag[1], set()).add(tag.start())
    words: set[int] = set()
    for name, starts in named.items():
        others = text.count(f"<{name}>") + text.count(f"<{name} ") - len(starts)
        if others == text.count(f"</{name}>"):
            words |= starts
    return re.sub("<", lambda m: "&lt;" if m.start() in words else "<", text) if words else text


def _end(tag: re.Match[str], name: str, known: dict[str, int]) -> int:
    """Return where what a tag begins ends, -1 where it never does; `known` keeps what was found, so
    that tags asked for in order are looked for once."""
    if tag[0].endswith("/>"):
        return -1
    found, place = known.get(name, 0), tag.end(2) - 2  # `<!-->` ends itself
    if found != -1 and found < place:
        pattern = "-->" if name == "!--" else rf"(?i)</{name}(?![a-z])"
        match = re.compile(pattern).search(tag.string, place)
        found = known[name] = match.start() if match else -1
    return found


def _ended(written: str, name: str) -> str:
    """What never ends, ended: a frame, a player or an outside script is empty, `<title>` and its
    like become plain elements, a comment its text."""
    if name in EMBEDDED or written.endswith("/>") or (name == "script" and "src=" in written):
        return f"{written}</{name}>"
    if name in _HIDING:
        return f"<div {written[len(name) + 1 :]}"
    return written.removeprefix("<!--")


def _is_mention(tag: re.Match[str], end: int) -> bool:
    """Whether a script or style is a name in a sentence: 在 <script> 与 </script> 之间.

    Code follows the others, or their own end, which begins at `end`.
    """
    if "=" in tag[0] or tag[2] == "!--":
        return False
    next_tag = tag.string.find("<", tag.end())
    following = tag.string[tag.end() : next_tag if next_tag >= 0 else None]
    if not following.strip():
        return end < 0 or (tag.string.startswith("</", next_tag) and next_tag != end)
    return _SENTENCE.match(tag.string, tag.end()) is not None


def _is_word(tag: re.Match[str], names: set[str]) -> bool:
    """Whether a tag is a word of a sentence: 表单 <input> 及其他; `names` are those of all tags."""
    slash, name = tag[1], tag[2].lower()
    if (name if slash else f"/{name}") in names:
        return False
    if name not in NAMES:
        is_element = '"' in tag[0] and ("-" in name or tag[0].endswith("/>"))
        return not (slash or is_element or _OFFICE.fullmatch(name))
    if name not in _NAMED or tag[3].strip(" /"):
        return False
    before = tag.string[max(0, tag.start() - 2) : tag.start()]
    after = tag.string[tag.end() : tag.end() + 2]
    is_before = before.strip(" ")[-1:] not in ("", ">", "\n")
    is_after = after.strip(" ")[:1] not in ("", "<", "\n")
    is_glued = before[-1:].isalnum() and after[:1].isalnum()
    is_one_enough = name in _NEVER_BARE and not slash
    return not is_glued and is_before + is_after > (not is_one_enough)


def _code(code: str, start: str, around: str) -> str:
    """The inside of code, each `<` that begins no markup as `&lt;`; `start` is its start tag."""
    code = NO_CODE.sub("", code)
    tags = [tag for tag in _IN_CODE.finditer(code) if tag[2]]
    starts = {tag[2].lower() for tag in tags if not tag[1]}
    ends = {tag[2].lower() for tag in tags if tag[1]}
    bare_tags = [tag for tag in tags if not (tag[1] or _COLOUR.search(tag[3]))]
    bare = {tag[2].lower() for tag in bare_tags}
    markup = _MARKUP | _LINES if around == "pre" else _MARKUP
    before = f" {code}"
    if quoted := {tag[2].lower() for tag in bare_tags if before[tag.start()] in "'\""}:
        markup -= (quoted | bare & _LINES) - {"br"}  # echo "<p>x</p>";
    if any(map(_is_html_code, tags)) or (
        "span" not in starts
        and (_HTML_LANGUAGE.search(start + code[:200]) or _shows_blocks(code, tags))
    ):
        markup = frozenset({"span", "font"} - bare | {"code"})
    elif around != "pre" and len(tags) == 1 and tags[0][0] == code.strip() and "//" not in code:
        markup = frozenset()  # a name: <br>, <img>
    markup &= starts & ends | _WITHOUT_END

    def written(tag: re.Match[str]) -> str:
        is_markup = tag[2] and tag[2].lower() in markup and tag[0][-1] == ">"
        quote = code[tag.start() - 1 : tag.start()]
        is_quoted = quote in ("'", '"') and code.startswith(quote, tag.end())  # echo "<br>";
        return tag[0] if is_markup and not is_quoted else f"&lt;{tag[0][1:]}"

    return _IN_CODE.sub(written, code)


def _shows_blocks(code: str, tags: list[re.Match[str]]) -> bool:
    """Whether blocks in `<pre><code>` are shown: no class repeats, and lines end without them."""
    blocks = [tag for tag in tags if not tag[1] and tag[2].lower() in _LINES]
    if not (blocks and code.lstrip().startswith("<code")):
        return False
    classes = [tag[0] for tag in blocks if _COLOUR.search(tag[3])]
    inside = re.sub(r"</?code\b[^<>]*>", "", code).strip()
    is_alone = len(blocks) == 1 and not classes and "<br" not in code
    return is_alone or ("\n" in inside and len(set(classes)) == len(classes))


def _is_html_code(tag: re.Match[str]) -> bool:
    """Whether a tag in code shows that the code is HTML."""
    name = tag[2].lower()
    before = tag.string[max(0, tag.start() - 40) : tag.start()]
    if name in _LINES:
        return re.search(r"\n[ \t]{2,}$", before) is not None
    is_apart = not before[-1:].strip(" \t\n>")  # and not List<object>, "<html>"
    return (name in _SHOWN and is_apart) or "-" in name.strip("!-")
