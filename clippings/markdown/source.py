"""Is a body HTML or Markdown?"""

from __future__ import annotations


def is_html(body: str) -> bool:
    return body.lstrip().startswith("<")
