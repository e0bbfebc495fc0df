"""What surrounds every page, and what each list of articles says of one."""

from __future__ import annotations

import runpy

import pytest
from conftest import ROOT

PLUGIN = runpy.run_path(str(ROOT / "plugins" / "page_frame.py"))


@pytest.mark.parametrize(
    ("title", "summary", "beside"),
    [
        ("立春", "今天立春，白鹭回来了。", "今天立春，白鹭回来了。"),
        ("立春", "立春。 白鹭回来了。", "白鹭回来了。"),
        ("具透 _ 通知的 N 种方式", "具透 | 通知的 N 种方式", ""),
        ("立春之后的江边", "立春之后…", ""),
        ("2018", "2018年的事", "2018年的事"),
        ("…", "白鹭", "白鹭"),
        ("立春", None, ""),
    ],
)
def test_a_summary_does_not_repeat_the_title(title: str, summary: str | None, beside: str) -> None:
    """What begins as the title does, whatever marks either has, goes on behind it."""
    assert PLUGIN["summary_beside"](title, summary) == beside
