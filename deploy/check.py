"""Serve a database that is not public yet for a moment, and fetch ten pages of it.

    deploy/check.py next/clippings.db

Exit status: 0 all of them answered; 1 one did not, or the site did not start.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

SERVE = Path(__file__).with_name("serve")
PATIENCE = 120.0
"""Seconds in which the site has to start, and each page to come."""

PAGES = (
    "/",
    "/archive",
    "/sources",
    "/search?q=a",
    "/trends",
    "/downloads",
    "/clippings/articles",
    "/feed.atom",
    "/sitemap.xml",
)
"""Nine of them; the tenth is an article, whose address the feed has."""


def fetch(address: str) -> str:
    """Return a page. Raises URLError where it does not come."""
    with urlopen(address, timeout=PATIENCE) as answer:
        return str(answer.read().decode("utf-8", "replace"))


def wait_for(address: str, site: subprocess.Popen[bytes]) -> None:
    """Return once the site answers. Raises URLError where it ends, or takes too long."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fetch(address)
            return
        except HTTPError:
            return  # it answers: whether well, is looked at next
        except URLError:
            if site.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.2)


def check(database: str) -> None:
    """Fetch the pages. Raises URLError for the first that does not come."""
    with socket.create_server(("127.0.0.1", 0)) as listener:  # a port that nobody listens on
        port = listener.getsockname()[1]
    root = f"http://127.0.0.1:{port}"
    named = {"DATABASE": database, "HOST": "127.0.0.1", "PORT": str(port), "PREFIX": "/"}
    with subprocess.Popen([SERVE], env={**os.environ, **named}, stdout=subprocess.DEVNULL) as site:
        try:
            wait_for(f"{root}/", site)
            pages = {path: fetch(root + path) for path in PAGES}
            article = re.search(r"/clippings/articles/\d+", pages["/feed.atom"])
            if article is None:
                raise URLError("the feed names no article")
            fetch(root + article[0])
        finally:
            site.terminate()


if __name__ == "__main__":
    try:
        check(sys.argv[1])
    except URLError as error:
        sys.exit(f"{sys.argv[1]} is not fit to be served: {error}")
