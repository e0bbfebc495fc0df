"""archive.yml: what an owner says of their archive, and what the database keeps of it."""

from __future__ import annotations

import sqlite3

import pytest

from clippings.dataset.owner import as_metadata, as_rows, merged, parse_archive_file, read_about
from clippings.models import BuildError

TEXT = """
title: 我的
pictures: links
url: https://x.example/
limits: [a]
publish: snippets
withhold: [{source: 某网}]
"""


def test_it_takes_the_shape_of_metadata() -> None:
    """Its flat names go where metadata.yml has them; an empty file or name says nothing."""
    assert parse_archive_file("# nothing yet", "archive.yml") == {}
    assert parse_archive_file("title:\ncontact:", "archive.yml") == {}
    found = as_metadata(parse_archive_file(TEXT, "archive.yml"))
    assert found["title"] == "我的"
    assert found["plugins"]["clippings"].pop("dataset") == {
        "url": "https://x.example/",
        "limits": ["a"],
    }
    assert found["plugins"]["clippings"] == {
        "pictures": "links",
        "publish": "snippets",
        "withhold": [{"source": "某网"}],
    }


def test_a_database_keeps_all_but_what_the_build_reads() -> None:
    """What is read back is what was said; no name that is withheld is among it."""
    said = parse_archive_file(TEXT, "archive.yml")
    conn = sqlite3.connect(":memory:")
    assert read_about(conn) == {}
    conn.execute("create table about (name, value)")
    conn.executemany("insert into about values (?, ?)", as_rows(said))
    del said["withhold"], said["publish"]
    assert read_about(conn) == as_metadata(said)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("titel: x", "did you mean title?"),
        ("withold: []", "did you mean withhold?"),
        ("xyz: x", "it may say title"),
        ("3: x", "says 3, which"),
        ("title: [x]", "title is a text"),
        ("creators: {name: x}", "creators is a list"),
        ("creators: [x]", "has a name"),
        ("contact: {email: x}", "has a name"),
        ("contact: me", "contact is names with values"),
        ("split_categories: never", "split_categories is true or false"),
        ("title", "such as"),
        ("title: [", "is not YAML"),
        (b"title: \xff", "is not YAML"),
    ],
)
def test_what_cannot_be_meant_is_said(text: str | bytes, message: str) -> None:
    """A misspelt name or a value of another kind is an error that names the file and says what may
    stand there."""
    with pytest.raises(BuildError) as raised:
        parse_archive_file(text, "x/archive.yml")
    assert "x/archive.yml" in str(raised.value) and message in str(raised.value)


def test_what_is_said_later_holds() -> None:
    """Names are merged at any depth; of two values for one the second counts."""
    said = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    assert merged(said, {"a": {"b": 4}, "f": 5}) == {"a": {"b": 4, "c": {"d": 2}}, "e": 3, "f": 5}
    assert merged(said, {"a": None})["a"] is None
