#!/usr/bin/env python3
"""Take the README's pictures of the site: `docs/screenshots.py` builds seeds/, serves it on a free
port, and writes docs/*.png with a Chromium that is installed (Playwright drives it)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
DESK = {"width": 1000, "height": 560}
PHONE = {"width": 390, "height": 844}
PICTURES = (
    ("home", "/", DESK, "light"),
    ("article", "/a/7597065525183063", DESK, "light"),
    ("trends", "/trends?q=彗星,江城二桥", DESK, "light"),
    ("data", "/clippings/search?q=江城二桥", DESK, "light"),
    ("phone-home", "/", PHONE, "light"),
    ("phone-article", "/a/7597065525183063", PHONE, "dark"),
)
"""Name of the picture, the page, the window, the theme."""

MOST_BYTES = 100_000
"""A picture of more is not worth its place in the repository."""

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@contextmanager
def served() -> Iterator[str]:
    """The address of the site of seeds/ while the block runs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("plugins", "templates", "static", "metadata.yml"):
            (folder / part).symlink_to(ROOT / part)
        build = [sys.executable, ROOT / "build_db.py", ROOT / "seeds", "--quiet", "--output"]
        subprocess.run([*build, folder / "clippings.db"], check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        serve = [sys.executable, "-m", "datasette", "serve", folder, "--port", str(port)]
        server = subprocess.Popen(
            [*serve, "--setting", "suggest_facets", "off"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield wait_for(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait()


def wait_for(address: str, seconds: float = 20) -> str:
    """The address, once it answers; OSError when it does not in time."""
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(f"{address}/-/versions.json").close()
            return address
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def main() -> None:
    """Write every picture of PICTURES."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, path, window, theme in PICTURES:
            page = browser.new_page(
                viewport=window, color_scheme=theme, locale="zh-CN", base_url=address
            )
            answer = page.goto(path, wait_until="networkidle")
            if answer is None or not answer.ok:
                sys.exit(f"{path} cannot be shown: {answer and answer.status}")
            picture = page.screenshot(path=ROOT / "docs" / f"{name}.png")
            if len(picture) > MOST_BYTES:
                sys.exit(f"docs/{name}.png has {len(picture):,} bytes: make its window smaller")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
