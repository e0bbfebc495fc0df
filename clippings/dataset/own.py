"""archive.yml: what an owner says of their archive, in a small file of their own.

    title: 我的剪报 · My clippings          # a text in two languages, or in one
    description: …
    license: CC BY 4.0                     # of the compilation; license_url may say where it is
    url: https://clippings.example/        # where the site is
    creators: [{name: …, url: …, email: …}]
    contact: {name: …, email: …}
    coverage: …                            # what is in the archive
    limits: [known limits, a text each]
    datasheet: {motivation: …, collection: …}
    pictures: links                        # show (the default) or links
    publish: snippets                      # full (the default) or snippets
    withhold: [{source: …, reason: …}]     # docs/withholding.md

All of it may be left out. It goes before metadata.yml, which has what every archive has.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

NAME = "archive.yml"

_TOP = {"title": str, "description": str, "license": str, "license_url": str}
_SETTINGS = {"pictures": str, "publish": str, "withhold": list}
_DATASET = {
    "url": str, "creators": list, "contact": dict, "coverage": str, "limits": list,
    "datasheet": dict,
}  # fmt: skip
_KNOWN = {**_TOP, **_SETTINGS, **_DATASET}
_KINDS = {str: "a text", list: "a list", dict: "names with values"}


class ArchiveFileError(ValueError):
    """What stands in archive.yml cannot be meant; the message says what, and what may be."""


def read_own(file: Path) -> dict[str, Any]:
    """Return what archive.yml says in the shape of metadata.yml; {} where there is no such file.

    Raises ArchiveFileError for what is no YAML, for an unknown name and for a value of another
    kind than its name asks for.
    """
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    try:
        own = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ArchiveFileError(f"{file.name} is not YAML: {error}") from None
    return as_metadata(own if own is not None else {}, file.name)


def as_metadata(own: Any, name: str = NAME) -> dict[str, Any]:
    """Return the flat mapping of archive.yml in the shape of metadata.yml, checked."""
    if not isinstance(own, Mapping):
        raise ArchiveFileError(f"{name} has no names with values, such as `title: My clippings`")
    for key, value in own.items():
        _check(name, str(key), value)
    plugin = {key: own[key] for key in _SETTINGS if key in own}
    if dataset := {key: own[key] for key in _DATASET if key in own}:
        plugin["dataset"] = dataset
    top = {key: own[key] for key in _TOP if key in own}
    return top | ({"plugins": {"clippings": plugin}} if plugin else {})


def _check(name: str, key: str, value: Any) -> None:
    if key not in _KNOWN:
        near = get_close_matches(key, _KNOWN, 1)
        hint = f"did you mean {near[0]}?" if near else f"it may say {', '.join(_KNOWN)}"
        raise ArchiveFileError(f"{name} says {key!r}, which nothing reads; {hint}")
    if not isinstance(value, _KNOWN[key]):
        raise ArchiveFileError(f"{name}: {key} is {_KINDS[_KNOWN[key]]}, not {value!r}")
