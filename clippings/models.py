"""What travels through the build: one frozen type per stage.

    bytes ─► ParsedArticle ─► Conversion ─► Article ─► Outcome

Everything here is a plain value: picklable, comparable, free of behaviour.
Expected trouble travels along as `Diagnostic`; an exception is always our bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Severity = Literal["info", "warning", "error"]
Stage = Literal["read", "front-matter", "convert", "normalize", "archive"]
What = Literal["article", "text"]


class Diagnostic(NamedTuple):
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


class Link(NamedTuple):
    """A link of an article: where it goes and the text it stands on."""

    url: str
    text: str


class Image(NamedTuple):
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


class IndexTokens(NamedTuple):
    """What the search index gets of one article: a field's tokens, space separated."""

    title: str
    summary: str
    author: str
    body: str
    tags: str
    facts: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """A file that the archive's owner keeps out of it: all of its article, or the text.

    `entry` is the number in the list that says so, from 1; 0 is the setting for all texts.
    `reason` is the owner's, for visitors; it may be empty.
    """

    path: str
    digest: str
    what: What
    entry: int
    reason: str


class Version(NamedTuple):
    """What a file was from one commit on: where its bytes lie, and the commit that wrote it.

    `date` is the author's, ISO 8601 with the offset as written.
    """

    location: str
    commit: str
    date: str


class History(NamedTuple):
    """All versions of a file, the newest first (never none), and when it was removed.

    `removed` is the date of the commit that removed it; None: it is still there.
    """

    versions: tuple[Version, ...]
    removed: str | None


class HistorySpan(NamedTuple):
    """When a history had a file: the dates of its first and its newest version, and of its
    removal (None: still there); and the commit of the version that is the article."""

    first_seen: str
    last_seen: str
    removed: str | None
    commit_id: str


class Revision(NamedTuple):
    """What an article was before. `digest` is the file's SHA-256; `title` is None where that
    version cannot be read; `changes` says what the version after it changed: words of
    {"title", "text", "front-matter"}."""

    commit_id: str
    date: str
    digest: str
    title: str | None
    changes: str


@dataclass(frozen=True, slots=True)
class ProcessedArticle:
    """A file that became (part of) an article. `text` is the plain text of its Markdown; `span`
    and `revisions` (the oldest first) are what its history tells, where it comes with one."""

    path: str
    digest: str
    encoding: str
    article: Article
    text: str
    diagnostics: tuple[Diagnostic, ...]
    withheld: Withheld | None = None
    span: HistorySpan | None = None
    revisions: tuple[Revision, ...] = ()


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
    withheld: Withheld | None = None


Processed = ProcessedArticle | Quarantined
Outcome = Processed | Withheld


class IndexEntry(NamedTuple):
    """What an article is found by: its tokens, its keywords as packed numbers (uint32) and
    factors (uint8), its sketch."""

    tokens: IndexTokens
    keywords: tuple[bytes, bytes]
    sketch: bytes


class SourceFile(NamedTuple):
    """A file to read: its name in the archive and where it lies.

    `location` is a path of this machine or, with a `store`, a name in that store
    (a repository, an archive, a URL). `stamp` is an opaque word: the same path with
    the same stamp holds the same bytes, which is known without opening it; empty
    where that cannot be told. With a `history` it covers all versions. `known` is the
    digest that the last build saw (see FileState), empty where it saw none. `same_id`:
    an earlier path has the same number, so this one cannot become an article.
    """

    path: str
    location: str
    stamp: str = ""
    store: str = ""
    history: History | None = None
    known: str = ""
    same_id: bool = False


UNREADABLE = "unreadable:"
"""With what the digest of a file begins that could not be read, and is tried again each time."""

SAME_ID = "same-id:"
"""With what the digest of a file begins whose number another file has."""


class FileState(NamedTuple):
    """What the last build saw of a file. `digest` is its SHA-256; of a file that could not be
    read, or not whole, it is UNREADABLE or another word before a digest of why. `text` is the
    digest of its article's text; None where there is no article."""

    stamp: str
    digest: str
    text: str | None


class Plan(NamedTuple):
    """What a build has to do: files to read, and paths of files that are gone."""

    read: tuple[SourceFile, ...]
    gone: tuple[str, ...]


class Changes(NamedTuple):
    """The articles that are another database's and not this one's, by their ids.

    Of a changed article another title, text or front matter is known.
    """

    added: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()


PASSED_OVER = "passed_over_"
"""How the names of those counts begin that say what was passed over; the reason follows."""


@dataclass(frozen=True, slots=True)
class Accounting:
    """What became of the files of one build, counted as they were loaded.

    `passed_over` is (reason, count) of what the sources hold beside the files seen, by reason.
    """

    files_seen: int
    articles: int
    placements: int
    repaired: int
    quarantined: int
    withheld: int
    passed_over: tuple[tuple[str, int], ...] = ()

    @property
    def files_found(self) -> int:
        """All that the sources hold, a hidden folder counted as one."""
        return self.files_seen + sum(count for _, count in self.passed_over)

    @property
    def quarantined_share(self) -> float:
        """The part of the files seen that is in quarantine, from 0.0 to 1.0."""
        return self.quarantined / self.files_seen if self.files_seen else 0.0


AboutRows = tuple[tuple[str, str], ...]
"""What its owner says of the archive: names of archive.yml with their values as JSON, by name."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did: how it counted, what differs from the database before, files read, and
    the numbers of the entries of the list `withhold` that took something out."""

    accounting: Accounting
    changes: Changes
    read: int
    entries_used: frozenset[int]


class UnreadableArticle(Exception):
    """A file that cannot become an article: it goes to quarantine with its bytes.

    `code` is a stable kebab-case word (`binary-file`), `message` a sentence for
    the person with the file.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class BuildError(Exception):
    """A build that cannot be published; its text says why and what to try."""


class OpenError(Exception):
    """A database that cannot be had or read; its text says why and what to try."""
