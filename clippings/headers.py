"""The text of a header becomes a mapping of strings, lists and mappings.

Well-formed YAML is read from the events of its parser: scalars stay the text
that was written, tags build nothing, aliases have a budget and nesting a limit.
What YAML refuses is taken apart at its keys, so that one bad title does not
cost the rest; a part that stays unreadable is read line by line, as written.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
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

MAX_DEPTH = 20
COMMENTS = "#"  # the key under which the comments of a header are kept

# A key: one to a few words, or quoted; then a colon, of either width.
KEY = re.compile(
    r"""(?P<key>[\w@$.][\w.@$/()-]*(?:[ ][\w./()-]+){0,3}|"[^"\n]{1,80}"|'[^'\n]{1,80}')"""
    r"""[ \t]*(?::(?=\s|$|(?!//)[^\s:])|：)[ \t]*(?P<rest>.*)"""
)
ITEM = re.compile(r"\s*-(?:[ \t]+(?P<item>.*)|$)")
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?(?:\s+#.*)?")
_CORE_SCALARS = re.compile(r"tag:yaml\.org,2002:(?:str|int|float|bool|null|timestamp)")
# Two quoted words are no quoted value: "Foo" and "Bar".
_TWO_QUOTED = re.compile(r"""(["'])\S[^"']*\S?\1\s.*\s?\1\S.*\1""")
_TOML_SCALAR = re.compile(
    r'("{3}[\s\S]*?"{3}|\'{3}[\s\S]*?\'{3}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#.*)'
    r"|(?<![\w.+-])([+-]?\w[\w.:+-]*(?:[ ]\d\d:[\d.:+-]+Z?)?)(?=\s*(?:[,\]}#\n]|$))"
)


class Refused(yaml.YAMLError):
    """A header that is valid but not to be loaded: too deep, too many aliases, no mapping."""


def load_yaml(header: str) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """Read a YAML header, repairing what can be repaired.

    Returns the mapping (scalars as written, a repeated key as `key (2)`, comments
    as a list under `#`) and a diagnostic for each repair. Raises `Refused` when
    the header holds no key at all.
    """
    try:
        reader = _Reader(header)
        return reader.mapping(), tuple(reader.repairs)
    except (yaml.YAMLError, RecursionError) as error:
        return _recover(header, error)


class _Reader:
    """Builds plain values from the events of one YAML document."""

    def __init__(self, header: str) -> None:
        self.header = header
        self.events: Iterator[Any] = iter(yaml.parse(header, Loader=Loader))
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.unused: set[str] = set()
        self.spans: list[tuple[int, int]] = []
        self.size = 0
        self.limit = 10 * len(header) + 1_000
        self.repairs: list[Diagnostic] = []

    def mapping(self) -> dict[str, Any]:
        """Read the document; raises `Refused` when it is no mapping."""
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return self._with_comments({})
        value = self._value(next(self.events), 0)
        next(self.events)
        if not isinstance(next(self.events), yaml.StreamEndEvent):
            raise Refused("the header holds several documents")
        if self.unused:
            raise Refused(f"the anchor &{min(self.unused)} is never used")
        if not isinstance(value, dict):
            raise Refused("the header is not a mapping")
        return self._with_comments(value)

    def _value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor)
        before = self.size
        self._count(1)
        if event.tag and not _CORE_SCALARS.fullmatch(event.tag):
            raise Refused(f"the tag {event.tag} is not known")
        if depth > MAX_DEPTH:
            raise Refused(f"the header is nested deeper than {MAX_DEPTH}")
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            self._count(len(event.value))
            self.spans.append((event.start_mark.index, event.end_mark.index))
            value = tidy(event.value)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = [self._value(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        else:
            value = self._pairs(depth)
        if event.anchor:
            self.anchors[event.anchor] = value, self.size - before
            self.unused.add(event.anchor)
        return value

    def _until(self, end: type) -> Iterator[Any]:
        while not isinstance(event := next(self.events), end):
            yield event

    def _pairs(self, depth: int) -> dict[str, Any]:
        found = []
        for event in self._until(yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise Refused("a key is not a word")
            found.append((key, self._value(next(self.events), depth + 1)))
        return unique(found, self.repairs)

    def _alias(self, name: str) -> Any:
        if name not in self.anchors:
            raise Refused(f"the alias *{name} has no anchor")
        value, size = self.anchors[name]
        self.unused.discard(name)
        self._count(size)
        return value

    def _count(self, size: int) -> None:
        self.size += size
        if self.size > self.limit:
            raise Refused("its aliases make the header many times as long")

    def _with_comments(self, value: dict[str, Any]) -> dict[str, Any]:
        if COMMENTS in self.header and (found := list(self._comments())):
            value[COMMENTS] = [*value.get(COMMENTS, ()), *found]
        return value

    def _comments(self) -> Iterator[str]:
        """Find the comments: they stand between the scalars."""
        position = 0
        for start, end in (*self.spans, (len(self.header), 0)):
            for match in re.finditer(r"(?:^|(?<=\s))#+(.*)", self.header[position:start], re.M):
                if text := match[1].strip():
                    yield text
            position = end


def unique(pairs: Iterable[tuple[str, Any]], repairs: list[Diagnostic]) -> dict[str, Any]:
    """Make a mapping that keeps every value of a repeated key.

    The first value that is not empty stays under the key, the others go under
    `key (2)`, `key (3)` and so on, with a warning in `repairs`.
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key not in found or found[key] in ("", value):
            found[key] = value
        elif value != "":
            number = next(n for n in range(2, len(found) + 3) if f"{key} ({n})" not in found)
            found[f"{key} ({number})"] = value
            message = f"{key} stands in the header more than once: keep one of them."
            repairs.append(Diagnostic("warning", "front-matter", "duplicate-key", message))
    return found


def tidy(scalar: str) -> str:
    """Undo the archive's writing of braces; drop what no database can hold."""
    if "&#12" in scalar:
        scalar = scalar.replace("&#123;", "{").replace("&#125;", "}")
    return scalar.replace("\0", "")


def _recover(header: str, error: Exception) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """Read the parts of a broken header one by one."""
    repairs: list[Diagnostic] = []
    pairs: list[tuple[str, Any]] = []
    comments: list[str] = []
    for lines in _parts(header):
        match = KEY.match(lines[0])
        if match is None:
            comments += filter(None, (line.strip("# \t") for line in lines))
            continue
        key, value = _part(match, lines)
        pairs.append((key, value))
    if not pairs:
        raise Refused("the header holds no key") from error
    return unique(pairs, repairs) | ({COMMENTS: comments} if comments else {}), tuple(repairs)


def _parts(header: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in header.split("\n"):
        if lines and line[:1] not in (" ", "\t") and KEY.match(line):
            yield lines
            lines = []
        if line.strip():
            lines.append(line)
    if lines:
        yield lines


def _part(match: re.Match[str], lines: list[str]) -> tuple[str, Any]:
    try:
        pairs = list(_Reader("\n".join(lines)).mapping().items())
        if len(pairs) == 1:
            return pairs[0]
    except (yaml.YAMLError, RecursionError):
        pass
    return tidy(_unquoted(match["key"])), _by_lines(match["rest"].strip(), lines[1:])


def _by_lines(rest: str, lines: list[str]) -> Any:
    """Read the value of a key as written: a list of `- item` lines, or text."""
    items = [ITEM.match(line) for line in lines]
    if lines and not rest and all(items):
        return [tidy(_unquoted((item["item"] or "").strip())) for item in items if item]
    if _BLOCK.fullmatch(rest):
        rest = ""
    texts = [_unquoted(rest), *(line.strip() for line in lines)]
    return tidy("\n".join(filter(None, texts)))


def _unquoted(text: str) -> str:
    """Take the outer quotes off a value; what is inside stays as written."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'" or _TWO_QUOTED.fullmatch(text):
        return text
    inner = text[1:-1]
    return inner.replace('\\"', '"') if text[0] == '"' else inner.replace("''", "'")


def load_toml(header: str) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """Read a TOML header, scalars as written. Raises `ValueError` when it is no TOML."""
    quoted = _TOML_SCALAR.sub(lambda found: found[1] or f'"{found[2]}"', header)
    return _plain(tomllib.loads(quoted)), ()


def load_json(header: str) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """Read a JSON object, scalars as written. Raises `ValueError` when it is none."""
    repairs: list[Diagnostic] = []
    value = json.loads(
        header,
        parse_int=str,
        parse_float=str,
        parse_constant=str,
        object_pairs_hook=lambda pairs: unique(pairs, repairs),
        strict=False,
    )
    if not isinstance(value, dict):
        raise ValueError("the header is not an object")
    return _plain(value), tuple(repairs)


def _plain(value: Any) -> Any:
    """Leave only text, lists and mappings of a loaded value."""
    if isinstance(value, dict):
        return {tidy(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return tidy(str(value)).encode("utf-8", "replace").decode("utf-8")
