"""Headers as they really come, and that no word of them is lost."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clippings.models import ParsedArticle, UnreadableArticle
from clippings.reading.frontmatter import parse_article
from clippings.reading.loaders import MAX_DEPTH

CASES = Path(__file__).parent / "frontmatter"
SHARED = Path(__file__).parents[2] / ".." / "shared"


def cases() -> Iterator[Any]:
    """Read the case files: title [codes], input, header as JSON, body."""
    for file in sorted(CASES.glob("*.txt")):
        blocks = re.split(r"^\.\n", file.read_text("utf-8"), flags=re.MULTILINE)
        for title, given_text, expected in zip(*(blocks[n::3] for n in range(3)), strict=False):
            name, _, codes = title.strip().partition(" [")
            header, _, body = expected.partition("\n")
            values = given_text, json.loads(header), body.strip(), codes.rstrip("]").split()
            yield pytest.param(*values, id=f"{file.stem}: {name}")


def parse(text: str) -> ParsedArticle:
    return parse_article("a.md", text.encode())


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.replace("&#123;", "{").replace("&#125;", "}")))


def flat(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {flat(item)}" for key, item in value.items())
    return " ".join(map(flat, value)) if isinstance(value, list) else value


def lost(text: str, article: ParsedArticle) -> Counter[str]:
    """The words of a text that are in neither the header nor the body."""
    return words(text) - words(flat(article.front_matter) + "\n" + article.body)


@pytest.mark.parametrize(("text", "header", "body", "codes"), list(cases()))
def test_case(text: str, header: dict[str, Any], body: str, codes: list[str]) -> None:
    """Every case reads as it says, in the order of its keys, with exactly its diagnostics."""
    article = parse(text)
    assert article.front_matter == header
    assert list(article.front_matter) == list(header)
    assert article.body == body
    assert [diagnostic.code for diagnostic in article.diagnostics] == codes


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "\ufeff", "\n \n", "\ufeff\r\n", "\r\n\ufeff"])
def test_line_ends_and_what_stands_before_the_fence(before: str, ends: str) -> None:
    """A BOM, empty lines and foreign line ends change nothing and are worth no diagnostic."""
    text = before + "---\ntitle: 秋天\ntags:\n - a\n---\n一\n二\n".replace("\n", ends)
    article = parse(text)
    assert article.front_matter == {"title": "秋天", "tags": ["a"]}
    assert article.body == "一\n二"
    assert article.diagnostics == ()


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_encodings_reach_the_header(encoding: str) -> None:
    """A header in another encoding is read like any other."""
    text = "---\ntitle: 秋天的一封信\n---\n这是正文，写得不长，可是有几个句子。\n"
    article = parse_article("a.md", text.encode(encoding))
    assert article.front_matter == {"title": "秋天的一封信"}
    assert article.body == "这是正文，写得不长，可是有几个句子。"


def test_a_repair_names_its_field() -> None:
    """The warning says which field it is about and what to try."""
    (diagnostic,) = parse("---\nauthor: 某人\ntitle: a: b\n---\n").diagnostics
    assert (diagnostic.severity, diagnostic.stage) == ("warning", "front-matter")
    assert diagnostic.message.startswith("title: ")
    assert "quotes" in diagnostic.message


def test_aliases_cannot_blow_up() -> None:
    """Ten levels of nine aliases each would be three thousand million values."""
    lines = ["a0: &a0 [大, 大, 大, 大, 大, 大, 大, 大, 大]"]
    for level in range(1, 10):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    article = parse("---\n" + "\n".join(lines) + "\n---\n正文")
    assert len(json.dumps(article.front_matter)) < 10_000
    assert [diagnostic.code for diagnostic in article.diagnostics] == ["yaml-repaired"]


@pytest.mark.parametrize(
    "value",
    ["[" * 100_000, "[" * 500 + "]" * 500, "{a: " * 500 + "}" * 500, "\n" + "- " * 5_000 + "a"],
    ids=["open brackets", "brackets", "braces", "dashes"],
)
def test_depth_is_capped(value: str) -> None:
    """What is nested deeper than anyone means is kept as text."""
    article = parse(f"---\ntext: {value}\n---\n正文")

    def depth(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value
        return 0 if isinstance(value, str) else 1 + max(map(depth, inner), default=0)

    assert depth(article.front_matter) <= MAX_DEPTH + 2
    assert article.body == "正文"


@pytest.mark.parametrize("text", ['{"a": ' * 50_000, "+++\na = " + "[" * 50_000 + "\n+++\nb"])
def test_deep_json_and_toml_stay_text(text: str) -> None:
    """No nesting, in whatever form, raises anything."""
    assert not lost(text, parse(text))


HEADER_LINES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.from_regex(r"[a-z]{1,5}: ?[\w\"':#&*!|>%@`\[\]{}, -]{0,20}", fullmatch=True),
    st.from_regex(r" {0,3}- [\w\"':#\[\]{}, -]{0,12}", fullmatch=True),
    st.sampled_from(["---", "+++", ";;;", "...", "", "{", "}", "text: |", "- - a", "\t- b", "<p>"]),
)


@given(st.lists(HEADER_LINES, max_size=12), st.sampled_from(["---\n", "", "+++\n", "\n---\n"]))
def test_no_word_is_lost(lines: list[str], fence: str) -> None:
    """Whatever lines stand in a header, each word of them is in the header or in the body.

    A key that is repeated without a new value need stand there only once, hence the sets.
    """
    text = fence + "\n".join(lines)
    try:
        article = parse(text)
    except UnreadableArticle as error:
        assert error.code == "empty-file"  # noqa: PT017
        return
    unescaped = re.search(r'"[^"]*\\', text) is None
    anchored = re.search(r"&\w[\s\S]*\*\w", text)  # an anchor's name is no word of the article
    if unescaped and not anchored:
        assert not lost(text, article).keys() - words(flat(article.front_matter)).keys()


@given(st.binary(max_size=300))
def test_any_bytes_are_an_article_or_unreadable(data: bytes) -> None:
    """Bytes of any kind give an article of JSON values, or the one error there is."""
    try:
        article = parse_article("a.md", data)
    except UnreadableArticle:
        return
    json.dumps(article.front_matter, ensure_ascii=False).encode()
    article.body.encode()


def test_the_corpus_reads_as_its_lines_say() -> None:
    """Title, categories and date of the archive's files equal what its lines say, word for word."""
    folder = SHARED / "corpus" / "rsshub"
    if not folder.exists():
        pytest.skip("the corpus does not stand beside the checkout")
    for file in sorted(folder.rglob("*.md")):
        text = file.read_text("utf-8")
        header = parse_article(file.name, file.read_bytes()).front_matter
        lines = text.split("\n---\n")[1].replace("&#123;", "{").replace("&#125;", "}")
        title = re.search(r"^title: (['\"])(.*)\1 *$", lines, re.MULTILINE)
        date = re.search(r"^date: (.*?) *$", lines, re.MULTILINE)
        assert title is not None and header["title"] == title[2], file
        assert date is not None and header["date"] == date[1], file
        assert header["categories"] == re.findall(r"^ - (.*?) *$", lines, re.MULTILINE), file


def test_no_word_of_the_corpus_is_lost() -> None:
    """Each word of each file of the corpus is in its header or in its body."""
    folder = SHARED / "corpus"
    if not folder.exists():
        pytest.skip("the corpus does not stand beside the checkout")
    for file in sorted(folder.glob("*/**/*.md")):
        article = parse_article(file.name, file.read_bytes())
        assert not lost(file.read_text("utf-8"), article), file
        assert article.front_matter, file


def test_hostile_headers_stay_small() -> None:
    """The attack strings for YAML grow nothing, raise nothing and are kept."""
    file = SHARED / "vectors" / "yaml.jsonl"
    if not file.exists():
        pytest.skip("the vectors do not stand beside the checkout")
    for case in map(json.loads, file.read_text("utf-8").splitlines()):
        article = parse(f"---\n{case['yaml']}\n---\n正文")
        size = len(json.dumps(article.front_matter, ensure_ascii=False)) + len(article.body)
        assert size < 20 * len(case["yaml"]) + 1_000, case["id"]


def test_naughty_strings_survive_as_titles() -> None:
    """Every naughty string is kept, to the word, as a title and as a whole file."""
    file = SHARED / "vectors" / "blns.json"
    if not file.exists():
        pytest.skip("the vectors do not stand beside the checkout")
    for string in json.loads(file.read_text("utf-8")):
        for text in (f"---\ntitle: {string}\n---\n正文", f"正文\n\n{string}"):
            if len(re.findall(r"[\x00-\x08\x0e-\x1f\x7f]", text)) > 3:
                continue  # a string of control codes is a binary file
            assert not lost(text, parse(text)), string
