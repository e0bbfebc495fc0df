"""The text of a header becomes a mapping of strings, lists and mappings.

Well-formed YAML is read from the events of its parser: scalars stay the text
that was written, tags build nothing, aliases have a budget and nesting a limit.
What a parser refuses is taken apart at its keys, so that one bad title does not
cost the rest; a part that stays unreadable is read line by line, as written.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import yaml

from clippings.models import Diagnostic

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

Loaded = tuple[dict[str, Any], tuple[Diagnostic, ...]]

MAX_DEPTH = 20
COMMENTS = "#"  # the key under which the comments of a header are kept

# Keys whose value is a line of text, even where YAML sees a list or a comment in it:
# title: [notice], title: Issue #5
TEXTS = frozenset(("title", "subtitle", "description", "summary", "标题", "標題"))

# A key is one to four words, or quoted; then a colon, of either width.
KEY = re.compile(
    r"""(?P<key>[\w@$.][\w.@$/()-]*(?:[ ][\w./()-]+){0,3}|"[^"\n]{1,80}"|'[^'\n]{1,80}')"""
    r"""[ \t]*(?::(?=\s|$|(?!//)[^\s:])|：)[ \t]*(?P<rest>.*)"""
)
ITEM = re.compile(r"\s*-(?:[ \t]+(?P<item>.*)|$)")

_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?(?:\s+#.*)?")
_COMMENT = re.compile(r"(?:^|(?<=\s))#+(.*)", re.MULTILINE)
_CORE = re.compile(r"tag:yaml\.org,2002:(?:str|int|float|bool|null|timestamp)")
_TOML_KEY = re.compile(r"(?P<key>[\w-]+)[ \t]*=[ \t]*(?P<rest>.*)")
_TOML_TABLE = re.compile(r"\[+(?P<table>[^\[\]\n]+)\]+[ \t]*$")
# TOML's strings and comments stay; its numbers, dates and booleans become strings.
_TOML_SCALAR = re.compile(
    r"""("{3}[\s\S]*?"{3}|'{3}[\s\S]*?'{3}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#.*)"""
    r"""|(?<![\w.+-])([+-]?\w[\w.:+-]*(?:[ ]\d\d:[\d.:+-]+Z?)?)(?=\s*(?:[,\]}\#\n]|$))"""
)


class Refused(yaml.YAMLError):
    """A header that is not to be loaded: too deep, too many aliases, no mapping."""


def load_yaml(header: str) -> Loaded:
    """Read a YAML header, repairing what can be repaired.

    Returns the mapping (scalars as written, a repeated key as `key (2)`, comments
    as a list under `#`) and a diagnostic for each repair. Raises `Refused` when
    the header holds no key at all.
    """
    try:
        return _Reader(header).load()
    except yaml.YAMLError:
        spaced = re.sub(r"^\t+", lambda tabs: "  " * len(tabs[0]), header, flags=re.MULTILINE)
        return _recover(textwrap.dedent(spaced), "yaml", KEY, lambda text: _Reader(text).load())


def is_yaml(header: str) -> bool:
    """Say whether `header` is a mapping with a key or more, in YAML that needs no repair."""
    try:
        return bool(_Reader(header).load()[0].keys() - {COMMENTS})
    except yaml.YAMLError:
        return False


def load_toml(header: str) -> Loaded:
    """Read a TOML header, scalars as written, with a diagnostic for each repair.

    Raises `ValueError` or `Refused` when it holds no key.
    """
    try:
        return _load_toml(header)
    except ValueError:
        return _recover(header, "toml", _TOML_KEY, _load_toml)


def load_json(header: str) -> Loaded:
    """Read a JSON object, scalars as written.

    What is no JSON may still be YAML: trailing commas, single quotes, bare keys.
    Raises `ValueError` or `YAMLError` when it is neither.
    """
    repairs: list[Diagnostic] = []
    try:
        value = json.loads(
            header,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
            object_pairs_hook=lambda pairs: unique(pairs, repairs),
            strict=False,
        )
    except ValueError:
        values, found = _Reader(header).load()
        message = "The header is not valid JSON: check its quotes, commas and braces."
        return values, (*found, _warning("json-repaired", message))
    return _plain(value), tuple(repairs)


class _Reader:
    """Builds plain values from the events of one YAML document."""

    def __init__(self, header: str) -> None:
        self.header = header
        self.events: Iterator[Any] = iter(yaml.parse(header, Loader=Loader))
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.unused: set[str] = set()
        self.spans: list[tuple[int, int]] = []  # where the scalars stand
        self.size = 0
        self.limit = 10 * len(header) + 1_000
        self.repairs: list[Diagnostic] = []

    def load(self) -> Loaded:
        """Read the document; raises `YAMLError` when it is broken or no mapping."""
        next(self.events)
        value: Any = {}
        if isinstance(next(self.events), yaml.DocumentStartEvent):
            value = self._value(next(self.events), 0)
            next(self.events)
            if not isinstance(next(self.events), yaml.StreamEndEvent):
                raise Refused("the header holds several documents")
        if self.unused:
            raise Refused(f"the anchor &{min(self.unused)} is never used")
        if not isinstance(value, dict):
            raise Refused("the header is not a mapping")
        if COMMENTS in self.header and (comments := list(self._comments())):
            value[COMMENTS] = comments
        return value, tuple(self.repairs)

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor)
        before = self.size
        self._count(1)
        if event.tag and not _CORE.fullmatch(event.tag):
            raise Refused(f"the tag {event.tag} is not known")
        if depth > MAX_DEPTH:
            raise Refused(f"the header is nested deeper than {MAX_DEPTH}")
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = [self._value(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        else:
            value = self._pairs(depth)
        if event.anchor:
            self.anchors[event.anchor] = value, self.size - before
            self.unused.add(event.anchor)
        return value

    def _scalar(self, event: Any) -> str:
        self._count(len(event.value))
        start, end = event.start_mark.index, event.end_mark.index
        if event.style in ("|", ">"):  # a comment may follow on the line of the sign
            start = self.header.find("\n", start)
        self.spans.append((start, end))
        return _tidy(event.value)

    def _until(self, end: type) -> Iterator[Any]:
        while not isinstance(event := next(self.events), end):
            self.last = event
            yield event
        self.last = event

    def _pairs(self, depth: int) -> dict[str, Any]:
        found = []
        for event in self._until(yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise Refused("a key is not a word")
            self.last = first = next(self.events)
            value = self._value(first, depth + 1)
            if depth == 0 and key.lower() in TEXTS:
                value = self._text(first, value)
            found.append((key, value))
        return unique(found, self.repairs)

    def _text(self, first: Any, value: Any) -> Any:
        """Give the value of a title as its line has it, where YAML would see more than text."""
        end = self.last.end_mark.index
        rest = self.header[end:].split("\n", 1)[0]
        flow = value and getattr(first, "flow_style", False)  # [] is how YAML says: none
        cut = getattr(first, "style", None) in ("", None) and re.match(r"\s+#\w", rest)
        if not flow and (not isinstance(value, str) or not cut):
            return value
        start, end = first.start_mark.index, end + len(rest)
        self.spans = [span for span in self.spans if span[0] < start] + [(start, end)]
        return _tidy(" ".join(self.header[start:end].split()))

    def _alias(self, name: Any) -> Any:
        if name not in self.anchors:
            raise Refused(f"the alias *{name} has no anchor")
        value, size = self.anchors[name]
        self.unused.discard(name)
        self._count(size)
        return value

    def _count(self, size: int) -> None:
        self.size += size
        if self.size > self.limit:
            raise Refused("the aliases make the header many times as long")

    def _comments(self) -> Iterator[str]:
        """Find the comments: they stand between the scalars."""
        position = 0
        for start, end in (*self.spans, (len(self.header), 0)):
            for match in _COMMENT.finditer(self.header[position:start]):
                if text := match[1].strip():
                    yield text
            position = end


def unique(pairs: Iterable[tuple[str, Any]], repairs: list[Diagnostic]) -> dict[str, Any]:
    """Make a mapping that keeps every value of a repeated key.

    The first value that is not empty stays under the key, the others go under
    `key (2)`, `key (3)` and so on, with one warning for the key in `repairs`.
    """
    found: dict[str, Any] = {}
    times: Counter[str] = Counter()
    for key, value in pairs:
        if key not in found or found[key] in ("", value):
            found[key] = value
        elif value != "":
            times[key] += 1
            found[f"{key} ({times[key] + 1})"] = value
    for key in times:
        message = f"{key} stands in the header {times[key] + 1} times: keep one of them."
        repairs.append(_warning("duplicate-key", message))
    return found


def _recover(header: str, form: str, key: re.Pattern[str], load: Callable[[str], Loaded]) -> Loaded:
    """Read a broken header part by part; each part begins with a key at the line's start."""
    repairs: list[Diagnostic] = []
    tables: dict[str, list[tuple[str, Any]]] = {"": []}
    pairs, stray, broken = tables[""], list[str](), list[str]()
    for lines in _parts(header, key):
        if match := key.match(lines[0]):
            try:
                found, _ = load("\n".join([*lines, ""]))
                stray += found.pop(COMMENTS, ())
                pairs += found.items()
            except (ValueError, yaml.YAMLError):
                name = _tidy(_unquoted(match["key"]))
                pairs.append((name, _by_lines(match["rest"].strip(), lines[1:])))
                broken.append(name)
        elif table := _TOML_TABLE.match(lines[0]):
            pairs = tables.setdefault(table["table"], [])
        else:
            stray += filter(None, (line.strip("# \t") for line in lines))
    values = unique(tables.pop(""), repairs)
    values |= {name: unique(found, repairs) for name, found in tables.items()}
    if not values:
        raise Refused("the header holds no key")
    if stray:
        values[COMMENTS] = stray
    message = f"The header is not valid {form.upper()}: check its indents, tabs and colons."
    if broken:
        fields = ", ".join(broken[:10])
        message = f"{fields}: not valid {form.upper()}, kept as written; put the value in quotes."
    return values, (_warning(f"{form}-repaired", message), *repairs)


def _parts(header: str, key: re.Pattern[str]) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in header.split("\n"):
        if lines and (key.match(line) or _TOML_TABLE.match(line)):
            yield lines
            lines = []
        if lines or line.strip():
            lines.append(line)
    if lines:
        yield lines


def _by_lines(rest: str, lines: list[str]) -> Any:
    """Read the value of a key as written: a list of `- item` lines, or text."""
    lines = [line for line in lines if line.strip()]
    items = [ITEM.match(line) for line in lines]
    if lines and not rest and all(items):
        return [_tidy(_unquoted((item["item"] or "").strip())) for item in items if item]
    if _BLOCK.fullmatch(rest):
        rest = rest.partition("#")[2].strip()
    texts = [_unquoted(rest), *(line.strip() for line in lines)]
    return _tidy("\n".join(filter(None, texts)))


def _unquoted(text: str) -> str:
    """Take the quotes around a value off; what is inside stays as written."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'":
        return text
    quote, inner = text[0], text[1:-1]
    first, last = inner.find(quote), inner.rfind(quote)
    if first < last and inner[first + 1].isspace() and inner[last - 1].isspace():
        return text  # two quoted words are no quoted value: "Foo" and "Bar"
    return inner.replace('\\"', '"') if quote == '"' else inner.replace("''", "'")


def _load_toml(header: str) -> Loaded:
    quoted = _TOML_SCALAR.sub(lambda found: found[1] or f'"{found[2]}"', header)
    values = _plain(tomllib.loads(quoted))
    strings = (found[1] for found in _TOML_SCALAR.finditer(header) if found[1])
    if comments := [text.strip("# \t") for text in strings if text[0] == "#"]:
        values[COMMENTS] = comments
    return values, ()


def _plain(value: Any, depth: int = 0) -> Any:
    """Leave only text, lists and mappings of a loaded value; raises `ValueError` when too deep."""
    if depth > MAX_DEPTH:
        raise ValueError(f"the header is nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict):
        return {_tidy(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if value is None:
        return ""
    return _tidy(str(value).lower() if isinstance(value, bool) else value)


def _tidy(text: str) -> str:
    """Undo the archive's writing of braces; drop what no database can hold."""
    if "&#12" in text:
        text = text.replace("&#123;", "{").replace("&#125;", "}")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair
    return text.replace("\0", "")


def _warning(code: str, message: str) -> Diagnostic:
    return Diagnostic("warning", "front-matter", code, message)
