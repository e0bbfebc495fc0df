#!/usr/bin/env python3
"""Write the words of the site in Traditional Chinese from those in Simplified, by OpenCC."""

from __future__ import annotations

from pathlib import Path

from opencc import OpenCC

STRINGS = Path(__file__).parents[1] / "clippings" / "site" / "strings"


def traditional(simplified: str) -> str:
    """A language file in Simplified Chinese → the same in Traditional (Taiwan's words)."""
    return str(OpenCC("s2twp").convert(simplified)).replace("Simplified", "Traditional", 1)


if __name__ == "__main__":
    simplified = (STRINGS / "zh-Hans.yml").read_text("utf-8")
    (STRINGS / "zh-Hant.yml").write_text(traditional(simplified), "utf-8")
