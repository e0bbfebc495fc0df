"""What the archive's owner keeps out of it: the list `withhold` and the setting `publish`.

    archive.yml ─► read_withholding ─► Withholding ─┐
                                         Outcome ─► withhold ─► Withheld, or with its text cut

A pure decision about one file at a time, on any worker. An article that is withheld leaves only
its number; one whose text is withheld keeps what tells it from others, and how it begins.
docs/withholding.md says what can still be learnt of either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from clippings.models import BuildError, Outcome, ProcessedArticle, Quarantined, What, Withheld
from clippings.reading.fields import category_levels, host_of, opening
from clippings.reading.identity import text_digest

PUBLISH = ("full", "snippets")
"""What the archive gives of its articles: all of the text, or how each begins."""

KINDS = ("path", "host", "source")
"""What an entry may name: a file's path (with `*`, `?`, `[…]`), the host that an article was
first published at (and its subdomains), a source."""

_OPTIONS = {"only", "reason"}
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # what a backslash makes plain in Markdown


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the list: what it names (`kind` is one of KINDS), what is taken out, why."""

    kind: str
    name: str
    what: What
    reason: str

    def names(self, path: str, source: str | None, host: str | None) -> bool:
        """Return whether it names a file of this path, source and host."""
        if self.kind == "path":
            return self.name == path or fnmatchcase(path, self.name)
        if self.kind == "host":
            return host is not None and f".{host}".endswith(f".{self.name}")
        return self.name == source


@dataclass(frozen=True, slots=True)
class Withholding:
    """The build settings: what is to be withheld, by default nothing, and whether a category
    `site - feed` is two levels (docs/reading.md)."""

    entries: tuple[Entry, ...] = ()
    publish: str = "full"
    split_categories: bool = True

    @property
    def digest(self) -> str:
        """Names the decision: two that decide alike, and only those, have the same."""
        return text_digest(repr(self))

    def idle(self, used: frozenset[int]) -> list[str]:
        """Return the entries, as written, whose numbers (from 1) are not among those `used`."""
        return [
            f"withhold, entry {number} ({entry.kind}: {entry.name}) took nothing out: "
            "no file matches it, or another entry came before"
            for number, entry in enumerate(self.entries, 1)
            if number not in used
        ]


NOTHING_WITHHELD = Withholding()


def read_withholding(settings: Mapping[str, Any], file: str) -> Withholding:
    """Return the build settings of archive.yml, whose kinds of values are checked already.

    Raises BuildError, naming `file` and the entry, for what cannot be meant.
    """
    publish, split = settings.get("publish", "full"), settings.get("split_categories", True)
    entries = settings.get("withhold") or []
    try:
        if publish not in PUBLISH:
            raise ValueError(f"publish is one of {', '.join(PUBLISH)}, not {publish!r}")
        listed = tuple(_entry(n, each) for n, each in enumerate(entries, 1))
    except ValueError as error:
        raise BuildError(f"{file}: {error}") from None
    return Withholding(listed, publish, split)


def _entry(number: int, written: Any) -> Entry:
    where = f"withhold, entry {number}"
    if not isinstance(written, Mapping) or len(kinds := written.keys() & set(KINDS)) != 1:
        raise ValueError(f"{where}: names one of {', '.join(KINDS)}, such as `source: name`")
    if unknown := written.keys() - kinds - _OPTIONS:
        raise ValueError(f"{where}: {min(map(str, unknown))} is not known; there is only, reason")
    (kind,) = kinds
    name = str(written[kind] or "").strip()
    if kind == "host":
        name = name.lower().removeprefix("www.")
    if not name or (kind == "host" and re.search("[/:*]", name)):
        raise ValueError(f"{where}: {kind}: {name!r} is none; a host is written like example.com")
    if written.get("only", "text") != "text":
        raise ValueError(f"{where}: only is text, or is left out to take the whole article")
    what: What = "text" if "only" in written else "article"
    return Entry(kind, name, what, str(written.get("reason") or "").strip())


def withhold(outcome: Outcome, withholding: Withholding) -> Outcome:
    """Return the outcome as it may be published: as it was, with its text cut, or none of it."""
    if isinstance(outcome, Withheld) or (withheld := _decide(outcome, withholding)) is None:
        return outcome
    if withheld.what == "article":
        return withheld
    if isinstance(outcome, Quarantined):
        return replace(outcome, content=b"", withheld=withheld)
    return _cut(outcome, withheld)


def _decide(outcome: ProcessedArticle | Quarantined, withholding: Withholding) -> Withheld | None:
    """Return the first entry that takes all of a file, else the first that takes its text; else
    what the setting says, under the number 0."""
    if isinstance(outcome, ProcessedArticle):
        source, host = outcome.article.source, host_of(outcome.article.url or "")
    else:
        source, host = category_levels((), outcome.path).source, None
    hits = [
        Withheld(outcome.path, outcome.digest, entry.what, number, entry.reason)
        for number, entry in enumerate(withholding.entries, 1)
        if entry.names(outcome.path, source, host)
    ]
    if withholding.publish == "snippets":
        hits.append(Withheld(outcome.path, outcome.digest, "text", 0, ""))
    return min(hits, key=lambda hit: hit.what, default=None)  # "article" < "text"


def _cut(processed: ProcessedArticle, withheld: Withheld) -> ProcessedArticle:
    """Return the article with nothing of its text but how it begins: the index is made of what is
    left, since overlapping pairs in their order would give the text back."""
    article = processed.article
    header = _shortened(json.loads(article.front_matter))
    beginning = opening(processed.text)
    cut = replace(
        article,
        summary=opening(article.summary),
        links=tuple(link._replace(text="") for link in article.links),
        images=tuple(image._replace(alt="", caption="") for image in article.images),
        # A whole copy of this text elsewhere stays an article of its own.
        digest=text_digest("withheld", article.digest),
        front_matter=json.dumps(header, ensure_ascii=False),
        markdown=_PUNCTUATION.sub(r"\\\1", beginning),
    )
    return replace(processed, article=cut, text=beginning, withheld=withheld)


def _shortened(value: Any) -> Any:
    """A value of the front matter, each string of it no longer than a beginning."""
    if isinstance(value, str):
        return opening(value)
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    return [_shortened(inner) for inner in value]
