"""What may go wrong with an article, with a build, and with a database to read."""

from __future__ import annotations


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
