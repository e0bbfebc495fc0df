"""A body becomes Markdown, whatever it is written in:

    body ─► is_html? ─► Document ─► Converter ─► lost_text ─► Conversion
               │        parse,      drop      walk,        guard
               │        bounded     scripts   convert_*
               └─ no ─► Passage (HTML blocks ─► Converter) ─────────────► Conversion

What Markdown cannot say, or what went missing all the same, is a diagnostic with a code.
"""

from __future__ import annotations

from clippings.markdown.commonmark import without_surrogates
from clippings.markdown.converter import Converter
from clippings.markdown.guard import lost_text
from clippings.markdown.passthrough import Passage
from clippings.markdown.source import is_html
from clippings.markdown.tree import Document
from clippings.models import Conversion, Diagnostic, Severity

MOST_GROWTH = 4

# What each diagnostic says; {} is how many there are.
LOSSES: dict[str, tuple[Severity, str]] = {
    "code-was-html": ("info", "{} times HTML stood as code or was escaped twice; read as HTML"),
    "embed-dropped": ("info", "{} embedded frames or players name no address; they are left out"),
    "image-dropped": ("warning", "{} pictures are inside the page (data:); give them an address"),
    "link-dropped": ("info", "{} links lead nowhere, or stand where none can; their text is kept"),
    "nesting-flattened": ("warning", "{} lists, quotes or tags are nested too deep for Markdown"),
    "table-flattened": ("info", "{} cells span rows or columns; the places they cover are empty"),
    "table-unwrapped": ("info", "{} tables hold what cells cannot; their cells follow one another"),
    "text-lost": ("warning", "{} characters of the page are missing; compare with the source"),
}


def to_markdown(body: str, *, base_url: str | None = None) -> Conversion:
    """An article's body as Markdown, with what was met on the way.

    `body` is HTML or Markdown, any string at all. Relative addresses stay so without a
    `base_url`. Never raises for its input; trouble is in `diagnostics`, stage "convert".
    """
    if not is_html(body):
        text = without_surrogates(body).replace("\0", "").replace("\r\n", "\n")
        passage = Passage(text.strip("\n").rstrip(), base_url)
        return _conversion(passage.text, passage)
    document = Document(body)
    converter = Converter(base_url=base_url)
    markdown = converter.process_tag(document.root)
    if len(markdown) > MOST_GROWTH * len(body):
        converter = Converter(base_url=base_url, nesting=0)
        markdown = converter.process_tag(document.root)
        converter.losses["nesting-flattened"] += 1
    converter.losses["code-was-html"] += document.unescaped
    converter.losses["text-lost"] += len(document.lost + lost_text(document.root, markdown))
    return _conversion(markdown, converter)


def _conversion(markdown: str, met: Converter | Passage) -> Conversion:
    """Return a body with what was met on the way, and a diagnostic for each kind of loss."""
    notes = tuple(
        Diagnostic(severity, "convert", code, message.format(met.losses[code]))
        for code, (severity, message) in LOSSES.items()
        if met.losses[code]
    )
    return Conversion(markdown, tuple(met.links), tuple(met.images), frozenset(met.features), notes)
