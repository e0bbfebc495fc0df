"""What a reader types → one FTS5 expression. Never raises; whatever is odd is searched as words.

    核战争 北约          both words            "核战争 打不赢"   exactly this, in this order
    北约 OR 华约         either                -演习            not this word
    nucle*               words that begin so   title:核战       in one field
    source:观察          names that hold 观察  source:"知乎"    the whole name
    date:2022-01         a day, month or year  date:2022-01..2022-03  date:>2021  date:..2020
    has:image            image, video, audio, table, code       lang:ja
    标题：核战 来源:知乎 日期:2022年1月 含:图片          the same in Chinese, either script

OR binds closer than the space between words: `北约 OR 华约 source:观察者网` narrows both.
Everything, filters included, becomes one MATCH expression, so whoever takes one (Datasette's
search box, a feed, a notebook) understands the whole language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from clippings.search.dates import date_prefixes
from clippings.search.folding import CJK, ONE_CJK, SYMBOLS, converter, fold
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
# The language in Chinese, as `fold` writes it: Simplified, also for who types Traditional.
_CHINESE = {
    **{"标题": "title", "作者": "author", "来源": "source", "栏目": "section", "频道": "feed"},
    **{"标签": "tag", "日期": "date", "含": "has", "语言": "lang"},
}
_CHINESE_FEATURES = {
    **{"图片": "image", "视频": "video", "影片": "video", "音频": "audio", "音讯": "audio"},
    **{"表格": "table", "代码": "code", "程式码": "code"},
}
_CHINESE_LANGUAGES = {"中文": "zh", "日文": "ja", "日语": "ja", "英文": "en", "英语": "en"}

_MAX_CHARACTERS = 2000
_MAX_PHRASES = 32  # each is ranked on its own, so they are what a query costs
_MAX_TOKENS = 256  # of one phrase
_MAX_PREFIXES = 4  # of at least two letters: each reads every word that begins so

STARS = ("*", "＊")  # after a word: whatever begins so
QUOTES = '"＂“”„‟'
_OURS = "|".join(
    [
        *(*_FIELDS, "date", "has", "lang", "[标標][题題]", "作者", "[来來]源", "[栏欄]目"),
        *("[频頻]道", "[标標][签籤簽]", "日期", "含", "[语語]言"),
    ]
)
# A minus counts only before a word, at the beginning or after a space, and not where it is an
# option of a command (git rebase -i, rm -rf), a number (-5), or the first of a pair of dashes.
_MINUS = "(?<!\\S)[-－](?![-－\\s]|(?:[a-z]{1,2}|[0-9.,%]+)(?:\\s|\\Z)|.*\\S[-－](?![-－\\w]))"
# A field of ours may have a space after its colon; what looks like any other one may not.
_ITEM = re.compile(
    f"""(?P<minus>{_MINUS})?
        (?:(?P<field>(?i:{_OURS})(?=[:：])|[A-Za-z]+(?=[:：]\\S))
           [:：]\\s*(?=[^\\s/]))?
        (?:[{QUOTES}](?P<quoted>[^{QUOTES}]*)(?P<closed>[{QUOTES}]|\\Z)
          |(?P<plain>[^\\s{QUOTES}]+))""",
    re.VERBOSE | re.DOTALL,
)
# Marks between clauses part a word in two; those inside words (. - ' @ / :) make it a phrase.
_CLAUSE = re.compile(r"(?:[，。、；：！？…—～;!?(){}<>（）【】《》〈〉「」『』\[\]|]|,(?![0-9]))+")
_CHARACTERS = re.compile("[\u4e00-\u9fff]+")
_SPELT = re.compile(f"[^{CJK}{SYMBOLS}]+")  # a token that more letters may follow
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_EMPTY_FIELD = re.compile(f"(?i:{_OURS})[:：]")


@dataclass(frozen=True, slots=True)
class Note:
    """A part of a query that was searched as plain words or left out, and why.

    `code` is one of unknown-field, unknown-date, unknown-has, unknown-lang, unclosed-quote,
    stray-operator, lowercase-or, empty-field, reversed-date, short-prefix, other-words, too-long,
    nothing-to-search; `fragment` is the reader's own text.
    """

    code: str
    fragment: str


class Filter(NamedTuple):
    """A part of a query that is looked for in one field: its English name, the value, and the
    part as typed."""

    name: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: `match` is always a valid FTS5 expression for `articles_fts`.

    `terms` are the words and phrases that a matching text holds, as typed, for marking them.
    `plain` are those that neither quotes, a field, OR nor a minus hold fast: what may be missing
    in the closest articles (see `closest`). `required` and `excluded` are expressions of the
    rest, "" where there is none.
    """

    text: str
    match: str
    terms: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    plain: tuple[str, ...] = ()
    required: str = ""
    excluded: str = ""
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class _Item:
    """One word, phrase or filter: its expression ('' when it holds nothing to search for)."""

    match: str
    negative: bool = False
    terms: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    filter: Filter | None = None


@lru_cache(maxsize=64)
def parse_query(text: str) -> Query:
    """Read a query of any kind and length; an empty one stands for every article."""
    notes: list[Note] = []
    groups = _groups(text[:_MAX_CHARACTERS], notes)
    items = [item for group in groups for item in group]
    if len(text) > _MAX_CHARACTERS:
        notes.append(_note("too-long", text[_MAX_CHARACTERS:]))
    groups = [kept for group in groups if (kept := [item for item in group if item.match])]
    wanted = [group for group in groups if len(group) > 1 or not group[0].negative]
    excluded = _joined(" OR ", [group[0].match for group in groups if group not in wanted])
    match = without(_all_of(wanted), excluded)
    if not match and text.strip():
        match = NOTHING
        notes.append(_note("nothing-to-search", text.strip()))
    loose = [group for group in wanted if len(group) == 1 and group[0].plain]
    return Query(
        text,
        match or EVERYTHING,
        tuple(dict.fromkeys(term for item in items if not item.negative for term in item.terms)),
        tuple(notes),
        tuple(dict.fromkeys(word for group in loose for word in group[0].plain)),
        _all_of([group for group in wanted if group not in loose]),
        excluded,
        tuple(item.filter for item in items if item.filter),
    )


def without(match: str, excluded: str) -> str:
    """Return the expression of what `match` ("": everything) finds and `excluded` does not."""
    return f"{match or EVERYTHING} NOT {excluded}" if excluded else match


def quoted(name: str) -> str:
    """Return a whole name as the language takes it after a field: 知乎 → "知乎"."""
    return f'"{re.sub(f"[{QUOTES}]", " ", name)}"'


def filter_for(field: str, name: str) -> str:
    """Return the filter for a whole name, or for a date: source:"知乎", date:2022-01."""
    return f"{field}:{name if field == 'date' else quoted(name)}"


def _groups(text: str, notes: list[Note]) -> list[list[_Item]]:
    """Cut a query into its items; those joined by OR share a group."""
    groups: list[list[_Item]] = []
    operators: set[str] = set()
    phrases = prefixes = 0
    parts = list(_ITEM.finditer(text))
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part[0] in ("AND", "OR", "NOT"):
            if not last and (groups or part[0] == "NOT"):
                operators.add(part[0])
                continue
            notes.append(_note("stray-operator", part[0]))
        elif part[0] == "or" and groups and not last:
            notes.append(_note("lowercase-or", f"{parts[index - 1][0]} OR {parts[index + 1][0]}"))
        if phrases >= _MAX_PHRASES:
            notes.append(_note("too-long", text[part.start() :]))
            return groups
        if "OR" not in operators:
            groups.append([])
        item = _item(part, "NOT" in operators, _MAX_PREFIXES - prefixes, notes)
        phrases += max(len(item.terms), 1)
        prefixes += item.match.count("*")
        groups[-1].append(item)
        operators.clear()
    return groups


def _all_of(groups: list[list[_Item]]) -> str:
    return _joined(" AND ", [_joined(" OR ", map(_alone, group)) for group in groups])


def _alone(item: _Item) -> str:
    return f"({EVERYTHING} NOT {item.match})" if item.negative else item.match


def _joined(operator: str, parts: Iterable[str]) -> str:
    known = list(parts)
    return f"({operator.join(known)})" if len(known) > 1 else "".join(known)


def _item(part: re.Match[str], negative: bool, prefixes: int, notes: list[Note]) -> _Item:
    """Compile one item; a field that is unknown or does not take the value becomes words.

    Of its words that end in a star, `prefixes` count as beginnings.
    """
    negative = negative or part["minus"] is not None
    whole = part["quoted"] is not None
    value = part["quoted"] if whole else part["plain"]
    name = (part["field"] or "").lower()
    name = _CHINESE.get(fold(name), name)
    if whole and not part["closed"]:
        notes.append(_note("unclosed-quote", part[0]))
    if name in _FIELDS:
        value = _starred(value, prefixes, notes)
        match = _in_column(_FIELDS[name], value, whole)
        terms = (value,) if name in ("title", "author") else ()
        return _Item(match, negative, terms, filter=Filter(name, value, part[0]))
    if name in _FACTS and (match := _FACTS[name](value)):
        if match == NOTHING:
            notes.append(_note("reversed-date", part[0]))
        return _Item(match, negative, filter=Filter(name, value, part[0]))
    if name:
        notes.append(_note(f"unknown-{name}" if name in _FACTS else "unknown-field", part[0]))
        value = part[0].lstrip("-－") if not whole else f"{part['field']} {value}"
    elif not whole and _EMPTY_FIELD.fullmatch(value):
        notes.append(_note("empty-field", value))
    return _words(value, negative, whole, notes, prefixes, whole or name in _FACTS)


def _words(
    value: str, negative: bool, whole: bool, notes: list[Note], prefixes: int, held: bool
) -> _Item:
    """Compile words; those without quotes may be parted by marks, and have a star or synonyms.

    The closest articles have to have them too where they are `held`.
    """
    pieces = [value] if whole else list(dict.fromkeys(_CLAUSE.split(value)))
    if len(pieces) > _MAX_PHRASES:
        notes.append(_note("too-long", pieces[_MAX_PHRASES]))
    matches: list[str] = []
    terms: list[str] = []
    plain: list[str] = []
    for piece in pieces[:_MAX_PHRASES]:
        piece = _starred(piece, prefixes, notes)
        prefixes -= piece.endswith(STARS)
        other = "" if whole else _other_words(piece)
        found = [(word, match) for word in (piece, other) if (match := phrase(word))]
        if other:
            notes.append(_note("other-words", f"{piece} / {other}"))
        if found:
            plain.append(other if other and _is_traditional(piece) else piece)
            matches.append(_joined(" OR ", [f"{WORDS} : {match}" for _, match in found]))
            terms += [word for word, _ in found]
    match = _joined(" AND ", matches)
    return _Item(match, negative, tuple(terms), () if held else tuple(plain))


def _starred(word: str, prefixes: int, notes: list[Note]) -> str:
    """Take the star from a word that is too short for one, or one too many."""
    words = tokens(word) if word.endswith(STARS) else []
    if not words or not _SPELT.fullmatch(words[-1]):
        return word
    short = len(words[-1]) < 2 and (len(words) == 1 or words[-1].isalpha())
    if short or prefixes < 1:
        notes.append(_note("short-prefix", word))
        return word.rstrip("".join(STARS))
    return word


def _is_traditional(text: str) -> bool:
    characters = "".join(_CHARACTERS.findall(text))
    return fold(characters) != characters


def _other_words(text: str) -> str:
    """Return text in the words of Taiwan where it has the mainland's (网络 → 網路), of the
    mainland where it has Taiwan's (軟體 → 软件); "" where both say the same."""
    directions = ("tw2sp",) if _is_traditional(text) else ("s2twp", "tw2sp")
    others = (str(converter(each).convert(text)) for each in directions if not text.isascii())
    return next((other for other in others if fold(other) != fold(text)), "")


def _note(code: str, fragment: str) -> Note:
    return Note(code, fragment[:40])


def _in_column(column: str, value: str, whole: bool) -> str:
    """Search one column; a quoted name in a column of names must be the whole name."""
    match = phrase(value)
    if match and whole and column in _NAMES:
        match = f'"{" ".join((VALUE, *tokens(value), VALUE))}"'
    return match and f"{column} : {match}"


def phrase(text: str) -> str:
    """Return `text` as an FTS5 phrase: 核战争 → "核战 战争", nucl* → "nucl" *; '' for no words.

    A character that stands alone at an end may be part of any pair, so it is searched by itself:
    "春，百花" → ("春" AND "百花").
    """
    words = tokens(text)[:_MAX_TOKENS]
    alone = []
    for end in (0, -1):
        while len(words) > 1 and ONE_CJK.fullmatch(words[end]):
            alone.append(f'"{words.pop(end)}"')
    if not words:
        return ""
    star = " *" if text.endswith(STARS) and _SPELT.fullmatch(words[-1]) else ""
    return _joined(" AND ", [*alone[:_MAX_PHRASES], f'"{" ".join(words)}"{star}'])


def _date(value: str) -> str:
    prefixes = date_prefixes(value)
    if prefixes is None:
        return ""
    return f"facts : {_joined(' OR ', [f'd{each}' for each in prefixes])}" if prefixes else NOTHING


def _has(value: str) -> str:
    feature = _CHINESE_FEATURES.get(fold(value), value.lower())
    return f"facts : has{feature}" if feature in _FEATURES else ""


def _language(value: str) -> str:
    value = _CHINESE_LANGUAGES.get(fold(value), value)
    known = _LANGUAGE.fullmatch(value)
    return f"facts : lang{value.lower().replace('-', '')}" if known else ""


_FACTS: dict[str, Callable[[str], str]] = {"date": _date, "has": _has, "lang": _language}
