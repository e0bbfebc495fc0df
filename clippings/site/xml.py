"""Answering with XML."""

from __future__ import annotations

import re

from datasette.utils.asgi import Response

# XML 1.0, 2.2: these cannot be written in it, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_response(xml: str, media_type: str = "application/xml") -> Response:
    """Return the answer, without the control characters that XML cannot hold."""
    return Response(_NOT_XML.sub("", xml), content_type=f"{media_type}; charset=utf-8")
