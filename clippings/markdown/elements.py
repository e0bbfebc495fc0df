"""What becomes of each element: tables for the converter, and markdownify's options on them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from clippings.markdown.tokens import BREAK, SYNTAX, syntax

NAMES = frozenset(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big"
    " blink blockquote body br button canvas caption center cite code col colgroup datalist dd del"
    " details dfn dialog div dl dt em embed fieldset figcaption figure font footer form frame"
    " frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label"
    " legend li link listing main mark marquee math meta nav nobr noembed noframes"
    " noscript object ol optgroup option p param picture plaintext pre q rb rp rt rtc"
    " ruby s samp script section select small source span strike strong style sub summary"
    " sup svg table tbody td template textarea tfoot th thead title tr track tt u ul video"
    " wbr xmp".split()
)
"""What may stand without an end: the elements of HTML, but those that are rather somebody's word
(`cd <dir>`)."""

_BLOCKS = (
    "p div section article main header footer aside nav address center form fieldset legend"
    " figcaption caption html body hgroup dialog search noframes"
)
KEPT_TAGS = frozenset("sup sub kbd mark ins u ruby rt rp rb rtc q".split())
# What an element puts before and after its content; one not named here, and without a
# method, puts nothing.
WRAPPED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(_BLOCKS.split(), (BREAK, BREAK)),
    **{tag: (syntax(f"<{tag}>"), syntax(f"</{tag}>")) for tag in KEPT_TAGS},
    **dict.fromkeys("span font big small tbody thead tfoot colgroup col label".split(), ("", "")),
    "option": ("", " "),
}
# The walk keeps count of open marks for the sake of the containers inside them.
MARKS = {
    **dict.fromkeys(("strong", "b"), "B"),
    **dict.fromkeys(("em", "i"), "I"),
    **dict.fromkeys(("del", "s", "strike"), "D"),
}
# What may stand around a part of inline code; other elements in it are only its colours.
AROUND_CODE = {
    **{tag: WRAPPED[tag] for tag in ("sup", "sub")},
    **{tag: (SYNTAX + mark, SYNTAX + mark.lower()) for tag, mark in MARKS.items()},
}
# The methods of these read the tree for themselves.
LEAVES = frozenset("pre code tt samp img br hr input tex".split())
FRAMES = frozenset("blockquote details dl".split())  # only their content stays in a table
NESTING = FRAMES | frozenset("ul ol menu dir".split())
NOT_CODE = frozenset(("a", "img", "br", "sup", "sub", *MARKS))  # may stand in inline code
OPTIONS = frozenset(
    "autolinks bullets code_language code_language_callback convert default_title heading_style"
    " strip sub_symbol sup_symbol".split()
)
"""markdownify's options that the converter obeys."""
OUR_DEFAULTS: dict[str, Any] = {"heading_style": "atx", "bullets": "-"}


DEEPEST = 200
"""Elements in one another that are told apart; what stands deeper gives only its text."""


def chosen(
    options: Mapping[str, Any], own: Set[str], methods: Set[str]
) -> tuple[dict[str, tuple[str, str]], dict[str, str], Set[str]]:
    """Return what the options leave of `WRAPPED`, `MARKS` and the names of `methods`.

    `own` are the tags for which a subclass has a method, whatever the tables say.
    """
    wrapped = dict(WRAPPED)
    for tag in ("sub", "sup"):
        if symbol := options[f"{tag}_symbol"]:
            wrapped[tag] = ("".join(SYNTAX + sign for sign in symbol),) * 2
    kept = {*wrapped, *MARKS, *methods, *own}.difference(options["strip"] or ())
    if options["convert"] is not None:
        kept &= set(options["convert"])
    return (
        {tag: wrapped[tag] for tag in kept & (wrapped.keys() - own)},
        {tag: MARKS[tag] for tag in kept & (MARKS.keys() - own)},
        kept & (methods | own),
    )
