"""What the fast reader of plain headers says, a YAML parser says too."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clippings.reading.loaders import COMMENTS, MAX_NESTING, Refused, load_plain, load_yaml

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus"

VALUES = st.one_of(
    st.text("ab1 中：:#-'\"[]{}&*!|>%@`,.?\\/", max_size=12),
    st.from_regex(r"'[^'\x00-\x1f\x7f-\x9f]{0,8}'|\"[ -~一]{0,8}\"", fullmatch=True),
)
LINES = st.one_of(
    st.builds("{}: {}".format, st.sampled_from(("a", "b c", "日期", "a")), VALUES),
    st.builds("{}- {}".format, st.sampled_from(("", "  ")), VALUES),
    st.sampled_from(("tags:", "# note", "", "  ", "<<: x")),
)


@given(st.lists(LINES, max_size=8))
def test_a_plain_header_is_what_yaml_reads(lines: list[str]) -> None:
    """Every header that is taken for plain gives the values of PyYAML's own loader. Control
    codes and tabs, which YAML refuses, are let through."""
    header = "\n".join(lines)
    try:
        found, _ = load_plain(header)
    except Refused:
        return
    values = {key: value for key, value in found.items() if key != COMMENTS}
    if not values:
        return
    pairs = yaml.compose(header, Loader=yaml.BaseLoader).value
    written = [(key.value, yaml.BaseLoader("").construct_object(node, True)) for key, node in pairs]
    kept = [(key.partition(" (")[0], value) for key, value in values.items()]
    assert {repr(each) for each in kept} <= {repr(each) for each in written}
    assert {repr(each) for each in written if each[1]} <= {repr(each) for each in kept}


def test_real_headers_are_plain() -> None:
    """Nine of ten headers of the corpora need no parser."""
    files = [*CORPUS.glob("rsshub/**/*.md"), *CORPUS.glob("hugo-en/**/*.md")]
    if not files:
        pytest.skip("the corpus does not stand beside the checkout")
    plain = 0
    for file in files:
        with suppress(Refused):
            load_plain(file.read_text("utf-8").partition("---\n")[2].partition("\n---")[0])
            plain += 1
    assert plain > 0.9 * len(files)


@pytest.mark.parametrize("deep", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "? " * 100_000])
def test_what_may_be_deep_is_never_composed(deep: str) -> None:
    """libyaml's composer calls itself; so deep it would end the process."""
    values, repairs = load_yaml(f"title: a: b\ntext: {deep}\ndate: 2022-01-11")
    assert (values["title"], values["date"]) == ("a: b", "2022-01-11")
    assert [repair.code for repair in repairs] == ["yaml-repaired"]


def test_a_long_list_is_composed() -> None:
    """The limit is far above what headers hold."""
    words = [f"w{number}" for number in range(MAX_NESTING // 4)]
    header = f"tags: [{', '.join(words)}]\nlinks:\n" + "\n".join(f"- {{a: {w}}}" for w in words)
    values, repairs = load_yaml(header)
    assert values["tags"] == words and values["links"][0] == {"a": "w0"} and not repairs
