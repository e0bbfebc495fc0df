"""The texts of the site in the language of its reader.

One file per written language in `strings/`: a flat table of key → text. `{n}` and `{name}` in a
text stand for values; a text may be a mapping with `one` and `other`, chosen by `n`. Traditional
Chinese is converted from Simplified when it is first asked for; traditional.yml has exceptions.

    Accept-Language ─► accepted_language ─► translator ─► t("key", n, name=…)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from clippings.dataset.owner import load_yaml
from clippings.search.folding import converter

LANGUAGES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
"""The languages of the site, each under its own name; the first is for who states none."""

BETWEEN = " · "
"""What stands between the Chinese and the English of a text of metadata.yml."""

_ACCEPTED = (
    (re.compile(r"zh-(hant|tw|hk|mo)\b", re.I), "zh-Hant"),
    (re.compile(r"zh\b|\*", re.I), "zh-Hans"),
    (re.compile(r"en\b", re.I), "en"),
)
"""What a range of Accept-Language (RFC 9110, 12.5.4) begins with → our language."""

_QUALITY = re.compile(r";\s*q=([01](?:\.\d{1,3})?)\s*$")
_ISO_DATE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d\d)(?:T(\d\d:\d\d).*)?)?)?$")


@dataclass(frozen=True, slots=True)
class Translator:
    """The texts of one language. Call it with a key; `code` is its BCP 47 tag."""

    code: str
    strings: Mapping[str, Any]

    def __call__(self, key: str, n: int | None = None, **values: object) -> str:
        """Return the text of `key` with its values filled in; KeyError for an unknown key."""
        text = self.strings[key]
        if isinstance(text, Mapping):
            text = text["one" if n == 1 else "other"]
        if n is not None:
            values["n"] = self.number(n)
        return str(text.format(**values)) if values else str(text)

    def number(self, n: int) -> str:
        """Return a whole number with its thousands set apart."""
        return f"{n:,}"

    def date(self, iso: str | None) -> str:
        """Return an ISO 8601 day, month or year in words, as far as it goes: 2022年1月11日.

        The time of day is left out (`moment` has it); what is no date is given back as it is.
        """
        found = _ISO_DATE.match(iso or "")
        if not found:
            return iso or ""
        year, month, day, _ = found.groups()
        form = "date.day" if day else "date.month" if month else "date.year"
        name = self.strings["date.months"][int(month) - 1] if month else ""
        return str(
            self.strings[form].format(year=int(year), month=name, day=int(day) if day else 0)
        )

    def moment(self, iso: str | None) -> str:
        """Return day and time of day, the clock as the file has it: 2022年1月11日 22:12."""
        found = _ISO_DATE.match(iso or "")
        clock = found.group(4) if found else None
        return f"{self.date(iso)} {clock}" if clock and clock != "00:00" else self.date(iso)

    def name(self, english: str) -> str:
        """Return the reader's name of a column, place or operator; as it is if it has none."""
        return str(self.strings["names"].get(english, english))

    def pick(self, text: str | None) -> str | None:
        """Return the reader's part of a text of metadata.yml.

        That is the Chinese or the English one of "中文 · English", and of any other text the whole.
        """
        parts = (text or "").split(BETWEEN)
        if len(parts) != 2:
            return text
        if self.code == "zh-Hant":
            return to_traditional(parts[0])
        return parts[self.code == "en"]


def _read(name: str) -> str:
    return (files("clippings.site") / "strings" / f"{name}.yml").read_text("utf-8")


@cache
def _exceptions() -> dict[str, str]:
    """Return the words that OpenCC misses or mistakes, longest first."""
    table = load_yaml(_read("traditional"))
    return {word: table[word] for word in sorted(table, key=len, reverse=True)}


@lru_cache(maxsize=2000)
def to_traditional(simplified: str) -> str:
    """Return a text in Simplified Chinese in Traditional, with the words of Taiwan."""
    exceptions = _exceptions()
    pieces = re.split("(" + "|".join(map(re.escape, exceptions)) + ")", simplified)
    return "".join(exceptions.get(piece) or converter("s2twp").convert(piece) for piece in pieces)


@cache
def translator(code: str) -> Translator:
    """Return the texts of one of LANGUAGES."""
    written = "zh-Hans" if code == "zh-Hant" else code
    text = _read(written)
    return Translator(code, load_yaml(to_traditional(text) if code == "zh-Hant" else text))


def accepted_language(header: str | None) -> str:
    """Return the language for who sends this Accept-Language.

    Who states none gets the first of LANGUAGES, who states only languages that the site does not
    have gets English.
    """
    ranges = [item.strip() for item in (header or "*")[:1000].split(",")]
    quality = {item: float(q[1]) if (q := _QUALITY.search(item)) else 1.0 for item in ranges}
    for wanted in sorted(filter(quality.get, quality), key=quality.__getitem__, reverse=True):
        for pattern, code in _ACCEPTED:
            if pattern.match(wanted):
                return code
    return "en"
