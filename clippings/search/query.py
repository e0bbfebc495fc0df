"""What a reader types → one FTS5 expression. Never raises; whatever is odd is searched as words.

    核战争 北约          both words            "核战争 打不赢"   exactly this, in this order
    北约 OR 华约         either                -演习            not this word
    nucle*               words that begin so   title:核战       in one field
    source:观察          names that hold 观察  source:"知乎"    the whole name
    date:2022-01         a day, month or year  date:2022-01..2022-03  date:>2021  date:..2020
    has:image            image, video, audio, table, code       lang:ja

OR binds closer than the space between words: `北约 OR 华约 source:观察者网` narrows both.
Everything, filters included, becomes one MATCH expression, so whoever takes one (Datasette's
search box, a feed, a notebook) understands the whole language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from clippings.search.folding import CJK, SYMBOLS
from clippings.search.tokens import VALUE, tokens

EVERYTHING = 'facts : "all"'
NOTHING = 'facts : "none"'  # valid, and no article has this token
WORDS = "{body title summary author}"

_FIELDS = {
    "title": "title",
    "author": "author",
    "source": "source",
    "section": "section",
    "feed": "feed",
    "tag": "tags",
}
_NAMES = frozenset({"source", "section", "feed", "tags"})
_FEATURES = frozenset({"image", "video", "audio", "table", "code"})

_MAX_CHARACTERS = 2000
_MAX_PHRASES = 32  # each is ranked on its own, so they are what a query costs
_MAX_TOKENS = 256  # of one phrase

STARS = ("*", "＊")  # after a word: whatever begins so
_QUOTES = '"＂“”„‟'
_OURS = "|".join((*_FIELDS, "date", "has", "lang"))
# A field of ours may have a space after its colon; what looks like any other one may not.
_ITEM = re.compile(
    f"""(?P<minus>[-－](?=\\S))?
        (?:(?P<field>(?i:{_OURS})(?=[:：])|[A-Za-z]+(?=[:：]\\S))
           [:：]\\s*(?=[^\\s/]))?
        (?:[{_QUOTES}](?P<quoted>[^{_QUOTES}]*)(?P<closed>[{_QUOTES}]|\\Z)
          |(?P<plain>[^\\s{_QUOTES}]+))""",
    re.VERBOSE,
)
# Marks between clauses part a word in two; those inside words (. - ' @ / :) make it a phrase.
_CLAUSE = re.compile(r"(?:[，。、；：！？…—～;!?(){}<>（）【】《》〈〉「」『』\[\]|]|,(?![0-9]))+")
_LONE = re.compile(f"[{CJK}]")
_SPELT = re.compile(f"[^{CJK}{SYMBOLS}]+")  # a token that more letters may follow
_DATE = re.compile(r"([0-9]{4})(?:[-/.年]?([0-9]{1,2})(?:[-/.月]?([0-9]{1,2})日?)?)?[年月]?")
_RANGE = re.compile(r"([<>]=?)?(.*?)(?:(\.\.\.?|。。)(.*))?", re.DOTALL)
_FIRST, _LAST = "00000101", "99991231"
# How a date grows from one width of token to the next: digits of the year, month, day.
_STEPS: dict[int, Sequence[str]] = {
    **dict.fromkeys(range(4), "0123456789"),
    4: [f"{month:02}" for month in range(1, 13)],
    6: [f"{day:02}" for day in range(1, 32)],
}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Note:
    """A part of a query that was searched as plain words or left out, and why.

    `code` is one of unknown-field, unknown-date, unknown-has, unknown-lang, unclosed-quote,
    stray-operator, too-long, nothing-to-search; `fragment` is the reader's own text.
    """

    code: str
    fragment: str


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: `match` is always a valid FTS5 expression for `articles_fts`.

    `terms` are the words and phrases that a matching text holds, as typed, for marking them.
    """

    text: str
    match: str
    terms: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class _Item:
    """One word, phrase or filter: its expression ('' when it holds nothing to search for)."""

    match: str
    negative: bool = False
    terms: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def parse_query(text: str) -> Query:
    """Read a query of any kind and length; an empty one stands for every article."""
    groups, notes = _groups(text[:_MAX_CHARACTERS])
    items = [item for group in groups for item in group]
    notes += [note for item in items for note in item.notes]
    if len(text) > _MAX_CHARACTERS:
        notes.append(_note("too-long", text[_MAX_CHARACTERS:]))
    match = _combine([[item for item in group if item.match] for group in groups])
    if not match and text.strip():
        match = NOTHING
        notes.append(_note("nothing-to-search", text.strip()))
    terms = (term for item in items if not item.negative for term in item.terms)
    return Query(text, match or EVERYTHING, tuple(dict.fromkeys(terms)), tuple(notes))


def quoted(name: str) -> str:
    """Give a whole name as the language takes it after a field: 知乎 → "知乎"."""
    return f'"{re.sub(f"[{_QUOTES}]", " ", name)}"'


def _groups(text: str) -> tuple[list[list[_Item]], list[Note]]:
    """Cut a query into its items; those joined by OR share a group."""
    groups: list[list[_Item]] = []
    notes: list[Note] = []
    operators: set[str] = set()
    phrases = 0
    parts = list(_ITEM.finditer(text))
    for index, part in enumerate(parts):
        if part[0] in ("AND", "OR", "NOT"):
            if index < len(parts) - 1 and (groups or part[0] == "NOT"):
                operators.add(part[0])
                continue
            notes.append(_note("stray-operator", part[0]))
        if phrases >= _MAX_PHRASES:
            return groups, [*notes, _note("too-long", text[part.start() :])]
        if "OR" not in operators:
            groups.append([])
        item = _item(part, "NOT" in operators)
        phrases += max(len(item.terms), 1)
        groups[-1].append(item)
        operators.clear()
    return groups, notes


def _combine(groups: list[list[_Item]]) -> str:
    """Write the groups as one expression: AND between them, what is excluded at the end."""
    wanted = [group for group in groups if group and not (len(group) == 1 and group[0].negative)]
    excluded = [group[0].match for group in groups if group and group not in wanted]
    match = _joined(" AND ", [_joined(" OR ", map(_alone, group)) for group in wanted])
    return f"{match or EVERYTHING} NOT {_joined(' OR ', excluded)}" if excluded else match


def _alone(item: _Item) -> str:
    return f"({EVERYTHING} NOT {item.match})" if item.negative else item.match


def _joined(operator: str, parts: Iterable[str]) -> str:
    known = list(parts)
    return f"({operator.join(known)})" if len(known) > 1 else "".join(known)


def _item(part: re.Match[str], negative: bool) -> _Item:
    """Compile one item; a field that is unknown or does not take the value becomes words."""
    negative = negative or part["minus"] is not None
    whole = part["quoted"] is not None
    value = part["quoted"] if whole else part["plain"]
    field = (part["field"] or "").lower()
    notes = [_note("unclosed-quote", part[0])] if whole and not part["closed"] else []
    if field in _FIELDS:
        match, marked = _in_column(_FIELDS[field], value, whole), field in ("title", "author")
        return _Item(match, negative, (value,) if marked else (), tuple(notes))
    if field in _FACTS:
        match = _FACTS[field](value)
        if match:
            return _Item(match, negative, (), tuple(notes))
    if field:
        code = f"unknown-{field}" if field in _FACTS else "unknown-field"
        notes.append(_note(code, part[0]))
        value = f"{field} {value}"
    pieces = [value] if whole else list(dict.fromkeys(_CLAUSE.split(value)))
    found = {piece: match for piece in pieces[:_MAX_PHRASES] if (match := phrase(piece))}
    if len(pieces) > _MAX_PHRASES:
        notes.append(_note("too-long", pieces[_MAX_PHRASES]))
    match = _joined(" AND ", [f"{WORDS} : {match}" for match in found.values()])
    return _Item(match, negative, tuple(found), tuple(notes))


def _note(code: str, fragment: str) -> Note:
    return Note(code, fragment[:40])


def _in_column(column: str, value: str, whole: bool) -> str:
    """Search one column; a quoted name in a column of names must be the whole name."""
    match = phrase(value)
    if match and whole and column in _NAMES:
        match = f'"{" ".join((VALUE, *tokens(value), VALUE))}"'
    return match and f"{column} : {match}"


def phrase(text: str) -> str:
    """Give `text` as an FTS5 phrase: 核战争 → "核战 战争", nucl* → "nucl" *; '' for no words.

    A character that stands alone at an end may be part of any pair, so it is searched by itself:
    "春，百花" → ("春" AND "百花").
    """
    words = tokens(text)[:_MAX_TOKENS]
    alone = []
    for end in (0, -1):
        while len(words) > 1 and _LONE.fullmatch(words[end]):
            alone.append(f'"{words.pop(end)}"')
    if not words:
        return ""
    star = " *" if text.endswith(STARS) and _SPELT.fullmatch(words[-1]) else ""
    return _joined(" AND ", [*alone[:_MAX_PHRASES], f'"{" ".join(words)}"{star}'])


def _date(value: str) -> str:
    """Give a day, month, year, `from..to`, `>`, `>=`, `<` or `<=` as tokens of facts, '' if odd."""
    # As an input method for Chinese writes it: full-width digits and signs, … for the dots.
    value = unicodedata.normalize("NFKC", value).replace("≥", ">=").replace("≤", "<=")
    sign, first, dots, last = _RANGE.fullmatch(value).groups()  # type: ignore[union-attr]
    low, high = _span(first), _span(last) if dots else _span(first)
    if not low or not high or not (first or last) or (sign and dots):
        return ""
    bounds = {
        None: (low[0], high[1]),
        ">=": (low[0], _LAST),
        ">": (f"{int(low[1]) + 1:08}", _LAST),
        "<=": (_FIRST, high[1]),
        "<": (_FIRST, f"{int(high[0]) - 1:08}"),
    }
    days = _joined(" OR ", (f"d{prefix}" for prefix in _cover(*bounds[sign])))
    return f"facts : {days}" if days else NOTHING


def _span(value: str) -> tuple[str, str] | None:
    """Give the first and last day that a day, month or year names; of nothing, all days."""
    match = _DATE.fullmatch(value)
    if not match:
        return None if value else (_FIRST, _LAST)
    year, month, day = match[1], (match[2] or "").zfill(2), (match[3] or "").zfill(2)
    try:
        date(int(year) or 1, int(month) or 1, int(day) or 1)
    except ValueError:
        return None
    prefix = year + (month if match[2] else "") + (day if match[3] else "")
    return prefix + _FIRST[len(prefix) :], prefix + _LAST[len(prefix) :]


def _cover(low: str, high: str, prefix: str = "") -> Iterator[str]:
    """Yield the fewest years, months and days, as prefixes of dates, that make up a range."""
    first, last = prefix + _FIRST[len(prefix) :], prefix + _LAST[len(prefix) :]
    if low <= first and last <= high:
        yield prefix
    elif first <= high and low <= last:
        for step in _STEPS[len(prefix)]:
            yield from _cover(low, high, prefix + step)


def _has(value: str) -> str:
    return f"facts : has{value.lower()}" if value.lower() in _FEATURES else ""


def _language(value: str) -> str:
    known = _LANGUAGE.fullmatch(value)
    return f"facts : lang{value.lower().replace('-', '')}" if known else ""


_FACTS: dict[str, Callable[[str], str]] = {"date": _date, "has": _has, "lang": _language}
