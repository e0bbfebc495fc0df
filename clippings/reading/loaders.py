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
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import yaml

from clippings.models import Diagnostic
from clippings.reading.titles import is_generated, quote_titles, unquoted

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

try:
    from yaml import CBaseLoader as Loader
except ImportError:  # PyYAML was built without libyaml
    from yaml import BaseLoader as Loader  # type: ignore[assignment]

Loaded = tuple[dict[str, Any], tuple[Diagnostic, ...]]

MAX_DEPTH = 20
MAX_NESTING = 2_000
"""Signs that can nest (`[`, `{`, `- `, `? `, `: `) in a header that libyaml is given: its composer
calls itself for each level, and 30,000 of them end the process."""

COMMENTS = "#"  # the key under which the comments of a header are kept

# A key is one to four words, or quoted; then a colon, of either width.
KEY = re.compile(
    r"""(?P<key>[\w@$.][\w.@$/()-]*(?:[ ][\w./()-]+){0,3}|"[^"\n]{1,80}"|'[^'\n]{1,80}')"""
    r"""[ \t]*(?::(?=\s|$|(?!//)[^\s:])|：)[ \t]*(?P<rest>.*)"""
)
ITEM = re.compile(r"\s*-(?:[ \t]+(?P<item>.*)|$)")

_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?(?:\s+#.*)?")
_COMMENT = re.compile(r"(?:^|(?<=\s))#+(.*)", re.MULTILINE)
_ANCHOR = re.compile(r"&([^\s,\[\]{}]+)")
_NESTING = re.compile(r"[\[{]|[-?:](?=\s)")
_PLAIN = re.compile(
    r"(?:[ \t]*\n)*(?:#(?P<comment>.*)|(?P<key>\w[\w.-]*(?: [\w.-]+){0,3}):(?P<value>(?: .*)?)"
    r"(?P<items>(?:(?:[ \t]*\n)+ *-(?: .*)?$)*))$",
    re.MULTILINE,
)
_FLOW_LIST = re.compile(r"\[[^\[\]]*\]")  # added by hand: the generator writes none
_PLAIN_ITEM = re.compile(r"^( *)-(.*)$", re.MULTILINE)
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`") | {""}
_CORE = re.compile(r"tag:yaml\.org,2002:(?:str|int|float|bool|null|timestamp|seq|map)")
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
    if loaded := load_valid(header):
        return loaded
    quoted, _ = quote_titles(header)
    spaced = re.sub(r"^\t+", lambda tabs: "  " * len(tabs[0]), quoted, flags=re.MULTILINE)
    return _recover(textwrap.dedent(spaced))


def load_valid(header: str) -> Loaded | None:
    """Read a YAML header as `load_yaml` does; None for one without a key, or that needs more
    repair than quotes around its title."""
    quoted, broken = quote_titles(header)
    titles = ["title"] if broken else []
    try:
        values, repairs = load_plain(quoted, titles)
    except Refused:
        try:
            values, repairs = load_composed(quoted)
        except (yaml.YAMLError, RecursionError):
            return None
        repairs = (_kept_as_written(titles), *repairs) if broken else repairs
    return (values, repairs) if values.keys() - {COMMENTS} or not header.strip() else None


def load_toml(header: str) -> Loaded:
    """Read a TOML header, scalars as written; raises `ValueError` for one that is broken."""
    quoted = _TOML_SCALAR.sub(lambda found: found[1] or f'"{found[2]}"', header)
    values = _plain(tomllib.loads(quoted))
    strings = (found[1] for found in _TOML_SCALAR.finditer(header) if found[1])
    if comments := [text.strip("# \t") for text in strings if text[0] == "#"]:
        values[COMMENTS] = comments
    return values, ()


def load_json(header: str) -> Loaded:
    """Read a JSON object with or without its braces, scalars as written.

    What is no JSON may still be YAML: trailing commas, single quotes, bare keys.
    Raises `ValueError` or `YAMLError` when it is neither.
    """
    header = header if header.lstrip().startswith("{") else f"{{{header}}}"
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
        values, found = load_composed(header)
        message = "The header is not valid JSON: check its quotes, commas and braces."
        return values, (*found, _warning("json-repaired", message))
    return _plain(value), tuple(repairs)


def load_plain(header: str, repaired: Sequence[str] = ()) -> Loaded:
    """Read a header of `key: value`, `- item` and `# comment` lines as a YAML parser would, but in
    a tenth of the time; raises `Refused` for anything else. `repaired` are keys to tell of.

    In a header of this archive's generator every value is plain, as nothing is escaped there.
    """
    generated = is_generated(header)
    pairs: list[tuple[str, Any]] = []
    comments: list[str] = []
    position, broken = 0, list(repaired)

    def scalar(key: str, written: str) -> str:
        value = _plain_scalar(written)
        if value is None and (not generated or _FLOW_LIST.fullmatch(written)):
            raise Refused("a value that is not plain")
        if value is None:
            broken.append(key)
        return _tidy(unquoted(written, escaped=not generated) if value is None else value)

    while match := _PLAIN.match(header, position):
        position = match.end()
        if match["comment"] is not None:
            comments += filter(None, [match["comment"].strip("# \t")])
            continue
        key, written = _tidy(match["key"]), match["value"].strip(" \t")
        items = _PLAIN_ITEM.findall(match["items"]) if match["items"] else []
        if items and (written or len({indent for indent, _ in items}) > 1):
            raise Refused("items that are no plain list")
        listed = [scalar(key, item.strip(" \t")) for _, item in items]
        pairs.append((key, listed if items else scalar(key, written)))
    if header[position:].strip():
        raise Refused("a line that is not plain")
    repairs: list[Diagnostic] = []
    values = unique(pairs, repairs)
    if comments:
        values[COMMENTS] = comments
    if broken:
        repairs.insert(0, _kept_as_written(broken))
    return values, tuple(repairs)


def _plain_scalar(written: str) -> str | None:
    """Read a scalar on its line as YAML does; None for one that takes a parser."""
    first = written[:1]
    if first == "'":
        inner = written[1:-1]
        return inner if len(written) > 1 and written[-1] == "'" and "'" not in inner else None
    if first == '"':  # what is a string in JSON is the same string in YAML
        try:
            return str(json.loads(written))
        except ValueError:
            return None
    if first in _INDICATORS or written[-1:] == ":":
        return None if written else ""
    return None if ": " in written or " #" in written or "\t" in written else written


def load_composed(header: str) -> Loaded:
    """Read the plain values of one YAML document, as libyaml composes it; raises `YAMLError` for
    one that is broken or no mapping."""
    if len(_NESTING.findall(header)) > MAX_NESTING:
        raise Refused("the header may be nested deeper than the composer's stack")
    node = yaml.compose(header, Loader=Loader)
    reader = _NodeReader(header)
    values = {} if node is None else reader.value(node, 0)
    if not isinstance(values, dict):
        raise Refused("the header is not a mapping")
    if COMMENTS in header and (comments := reader.comments()):
        values[COMMENTS] = comments
    return values, tuple(reader.repairs)


class _NodeReader:
    """Plain values of YAML's nodes; `spans` says where the scalars stand."""

    def __init__(self, header: str) -> None:
        self.header = header
        self.budget = 10 * len(header) + 1_000  # nodes and characters, aliases written out
        self.spans: list[tuple[int, int]] = []
        self.repairs: list[Diagnostic] = []

    def value(self, node: yaml.Node, depth: int) -> Any:
        """Return the text, list or mapping of a node; raises `Refused`."""
        self.budget -= 1
        if depth > MAX_DEPTH or self.budget < 0:
            raise Refused("the header is nested too deep, or made many times as long by aliases")
        if not _CORE.fullmatch(node.tag):
            raise Refused(f"the tag {node.tag} is not known")
        anchor = _ANCHOR.match(self.header, node.start_mark.index)
        if anchor and f"*{anchor[1]}" not in self.header:
            raise Refused(f"the anchor &{anchor[1]} is never used")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        if isinstance(node, yaml.ScalarNode):
            self.budget -= len(node.value)
            start, end = node.start_mark.index, node.end_mark.index
            if self.header[start : start + 1] in ("|", ">"):  # a comment may follow on that line
                start = self.header.find("\n", start)
            self.spans.append((start, end))
            return _tidy(node.value)
        if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
            raise Refused("a key is not a word")
        pairs = [(self.value(key, 0), self.value(item, depth + 1)) for key, item in node.value]
        return unique(pairs, self.repairs)

    def comments(self) -> list[str]:
        """Return the comments: they stand between the scalars."""
        starts = [*(start for start, _ in sorted(self.spans)), len(self.header)]
        ends = [0, *accumulate((end for _, end in sorted(self.spans)), max)]
        between = (self.header[end:start] for end, start in zip(ends, starts, strict=True))
        found = (match[1].strip() for text in between for match in _COMMENT.finditer(text))
        return list(filter(None, found))


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


def _recover(header: str) -> Loaded:
    """Read a broken header part by part; each part begins with a key at the line's start."""
    repairs: list[Diagnostic] = []
    pairs, stray, broken = list[tuple[str, Any]](), list[str](), list[str]()
    for lines in _parts(header):
        if match := KEY.match(lines[0]):
            try:
                found, _ = load_composed("\n".join([*lines, ""]))
                stray += found.pop(COMMENTS, ())
                pairs += found.items()
            except (ValueError, yaml.YAMLError):
                name = _tidy(unquoted(match["key"]))
                pairs.append((name, _by_lines(match["rest"].strip(), lines[1:])))
                broken.append(name)
        else:
            stray += filter(None, (line.strip("# \t") for line in lines))
    values = unique(pairs, repairs)
    if not values:
        raise Refused("the header holds no key")
    if stray:
        values[COMMENTS] = stray
    message = "The header is not valid YAML: check its indents, tabs and colons."
    first = _kept_as_written(broken) if broken else _warning("yaml-repaired", message)
    return values, (first, *repairs)


def _parts(header: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in header.split("\n"):
        if lines and KEY.match(line):
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
        return [_tidy(unquoted((item["item"] or "").strip())) for item in items if item]
    if _BLOCK.fullmatch(rest):
        rest = rest.partition("#")[2].strip()
    texts = [unquoted(rest), *(line.strip() for line in lines)]
    return _tidy("\n".join(filter(None, texts)))


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


def _kept_as_written(keys: Sequence[str]) -> Diagnostic:
    fields = ", ".join(keys[:10])
    message = f"{fields}: not valid YAML, kept as written; put the value in quotes."
    return _warning("yaml-repaired", message)
