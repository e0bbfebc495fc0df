"""The one error that a bad input file may raise."""

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
