"""HTML and Markdown bodies → Markdown (first cut; the real one follows)."""

from __future__ import annotations

import re

from markdownify import MarkdownConverter

from clippings.models import Conversion, Image, Link

_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
_LINK = re.compile(r"(?<!!)\[([^\]\[]*)\]\(([^)\s]+)[^)]*\)")


def to_markdown(body: str, *, base_url: str | None = None) -> Conversion:
    """An article's body as Markdown, with its links and images in document order."""
    markdown = body.strip("\n")
    if body.lstrip().startswith("<"):
        markdown = MarkdownConverter(heading_style="atx", bullets="-").convert(body).strip()
    images = tuple(Image(m[2], m[1], "") for m in _IMAGE.finditer(markdown))
    links = tuple(Link(m[2], m[1]) for m in _LINK.finditer(markdown))
    features = frozenset({"image"} if images else ())
    return Conversion(markdown, links, images, features)
