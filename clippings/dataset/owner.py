"""archive.yml: what an owner says of their archive, in a small file beside the articles.

    archive.yml ─► parse_archive_file ─┬─► as_metadata: withhold, publish … for the build
                                       └─► as_rows ─► table `about` ─► read_about: for all others

All of it may be left out; docs/publishing.md has an example. It goes before metadata.yml, which has
what every archive has. What is withheld is not stored: a name in it may be what nobody is to know.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import yaml

from clippings.models import AboutRows, BuildError

_TOP = {"title": str, "description": str, "license": str, "license_url": str}
_BUILD = {"publish": str, "withhold": list, "split_categories": bool}
_SITE = {"pictures": str}
_DATASET = {
    "url": str, "creators": list, "contact": dict, "coverage": str, "limits": list,
    "datasheet": dict,
}  # fmt: skip
_KNOWN = {**_TOP, **_BUILD, **_SITE, **_DATASET}
_KINDS = {str: "a text", list: "a list", dict: "names with values", bool: "true or false"}

_ABOUT = "select name, value from about"


def load_yaml(text: str | bytes) -> Any:
    """Return what YAML says: by libyaml where it is there, which takes a fiftieth of the time."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def parse_archive_file(text: str | bytes, name: str) -> dict[str, Any]:
    """Return what archive.yml says, checked. `name` is the file's, for messages.

    Raises BuildError for what is no YAML, for an unknown name and for a value of another kind than
    its name asks for.
    """
    try:
        said = load_yaml(text) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BuildError(f"{name} is not YAML: {error}") from None
    if not isinstance(said, Mapping):
        raise BuildError(f"{name} has no names with values, such as `title: My clippings`")
    for key, value in said.items():
        if key not in _KNOWN:
            near = get_close_matches(str(key), _KNOWN, 1)
            hint = f"did you mean {near[0]}?" if near else f"it may say {', '.join(_KNOWN)}"
            raise BuildError(f"{name} says {key!r}, which nothing reads; {hint}")
        if value is not None and not isinstance(value, _KNOWN[key]):
            raise BuildError(f"{name}: {key} is {_KINDS[_KNOWN[key]]}, not {value!r}")
    said = {key: value for key, value in said.items() if value is not None}
    for agent in (*said.get("creators", ()), said.get("contact", {"name": ""})):
        if not isinstance(agent, Mapping) or "name" not in agent:
            raise BuildError(f"{name}: a creator or contact has a name, as in {{name: Zhang San}}")
    return said


def as_metadata(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flat names of archive.yml in the shape of metadata.yml."""
    plugin = {key: said[key] for key in (*_BUILD, *_SITE) if key in said}
    if dataset := {key: said[key] for key in _DATASET if key in said}:
        plugin["dataset"] = dataset
    top = {key: said[key] for key in _TOP if key in said}
    return top | ({"plugins": {"clippings": plugin}} if plugin else {})


def as_rows(said: Mapping[str, Any]) -> AboutRows:
    """Return what a database keeps of archive.yml: all but the settings of the build."""
    kept = sorted(said.keys() - _BUILD)
    return tuple((key, json.dumps(said[key], ensure_ascii=False, default=str)) for key in kept)


def read_about(conn: sqlite3.Connection) -> dict[str, Any]:
    """Return what a finished database keeps of archive.yml, in the shape of metadata.yml."""
    try:
        rows = conn.execute(_ABOUT).fetchall()
    except sqlite3.OperationalError:  # a database of before there was such a table
        return {}
    return as_metadata({name: json.loads(value) for name, value in rows})


def merged(said: Any, before: Any) -> Any:
    """Return two nested mappings as one; where both say something, the second holds."""
    if not isinstance(said, Mapping) or not isinstance(before, Mapping):
        return before
    both = {key: merged(said[key], before[key]) for key in said.keys() & before.keys()}
    return {**said, **before, **both}
