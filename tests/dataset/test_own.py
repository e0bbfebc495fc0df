"""archive.yml: what an owner says of their archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clippings.dataset.own import ArchiveFileError, as_metadata, read_own


def test_no_file_says_nothing(tmp_path: Path) -> None:
    """Without archive.yml, or with an empty one, metadata.yml stands as it is."""
    assert read_own(tmp_path / "archive.yml") == {}
    (tmp_path / "archive.yml").write_text("# nothing yet\n")
    assert read_own(tmp_path / "archive.yml") == {}


def test_it_takes_the_shape_of_metadata() -> None:
    """Its flat names go where metadata.yml has them."""
    own = {"title": "我的", "pictures": "links", "url": "https://x.example/", "limits": ["a"]}
    assert as_metadata(own) == {
        "title": "我的",
        "plugins": {
            "clippings": {
                "pictures": "links",
                "dataset": {"url": "https://x.example/", "limits": ["a"]},
            }
        },
    }


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"titel": "x"}, "did you mean title?"),
        ({"xyz": "x"}, "it may say title"),
        ({"title": ["x"]}, "title is a text"),
        ({"creators": {"name": "x"}}, "creators is a list"),
        ({"contact": "me"}, "contact is names with values"),
        ("title", "such as"),
    ],
)
def test_what_cannot_be_meant_is_said(own: Any, said: str) -> None:
    """A misspelt name or a value of another kind is an error that says what may stand there."""
    with pytest.raises(ArchiveFileError, match=said.replace("?", r"\?")):
        as_metadata(own)


def test_no_yaml_is_said(tmp_path: Path) -> None:
    """The name of the file stands in the message."""
    (tmp_path / "archive.yml").write_text("title: [")
    with pytest.raises(ArchiveFileError, match=r"archive\.yml is not YAML"):
        read_own(tmp_path / "archive.yml")
