"""What travels through the build: one frozen type per stage.

    bytes ─► ParsedArticle ─► Conversion ─► Article ─► Outcome

Everything here is a plain value: picklable, comparable, free of behaviour.
Expected trouble travels along as `Diagnostic`; an exception is always our bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["info", "warning", "error"]
Stage = Literal["read", "front-matter", "convert", "normalize"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One repair or one problem of one file.

    `code` is a stable kebab-case word that a query can count (`yaml-repaired`);
    `message` is a sentence for the person with the file, naming the field and
    what to try. `error` goes with a quarantined file, `warning` with a repair
    or a loss, `info` with what a curious reader may want to know.
    """

    severity: Severity
    stage: Stage
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ParsedArticle:
    """A file taken apart: its header as a mapping and its body as text.

    `front_matter` holds every original key in order, with JSON values only
    (scalars are strings, exactly as written). `encoding` is the one the bytes
    were read by; `digest` is the SHA-256 of the bytes in hexadecimal.
    """

    path: str
    digest: str
    encoding: str
    front_matter: dict[str, Any]
    body: str
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link of an article: where it goes and the text it stands on."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of an article; `alt` and `caption` are empty where it has none."""

    url: str
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """A body as Markdown, with what was met on the way.

    `links` and `images` stand in document order. `features` names what a
    reader may look for: a subset of {"image", "video", "audio", "table", "code"}.
    """

    markdown: str
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    features: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """An article as the database holds it; the fields are the columns of `articles`.

    `published` and `updated` are ISO 8601, the wall clock as the file has it.
    Optional fields are None where the file does not say. `digest` names the
    text (title and Markdown): two files with one digest are one article.
    """

    id: int
    title: str
    summary: str
    author: str | None
    section: str | None
    source: str | None
    feed: str | None
    published: str | None
    updated: str | None
    language: str | None
    url: str | None
    image: str | None
    characters: int
    features: frozenset[str]
    tags: tuple[str, ...]
    links: tuple[Link, ...]
    images: tuple[Image, ...]
    digest: str
    front_matter: str
    markdown: str


@dataclass(frozen=True, slots=True)
class IndexTokens:
    """What the search index gets of one article: a field's tokens, space separated."""

    title: str
    summary: str
    author: str
    body: str
    tags: str
    facts: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A file that became (part of) an article; `sketch` is what its story is told by."""

    path: str
    digest: str
    encoding: str
    article: Article
    tokens: IndexTokens
    sketch: bytes
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that could not become an article, with the bytes that it holds.

    `size` is the file's; of a file above the size limit `content` is the beginning.
    """

    path: str
    size: int
    digest: str
    content: bytes
    diagnostics: tuple[Diagnostic, ...]


Outcome = Placed | Quarantined


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read: its name in the archive and where it lies."""

    path: str
    location: str


@dataclass(frozen=True, slots=True)
class Accounting:
    """What became of the files of one build, counted as they were loaded."""

    files_seen: int
    articles: int
    placements: int
    repaired: int
    quarantined: int

    @property
    def quarantined_share(self) -> float:
        """The part of the files seen that is in quarantine, from 0.0 to 1.0."""
        return self.quarantined / self.files_seen if self.files_seen else 0.0
