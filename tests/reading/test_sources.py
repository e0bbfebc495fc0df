"""Which files are articles, under which path, in which order."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from build_db import main
from clippings.reading.sources import find_articles, read_bytes


def paths(*sources: Path) -> list[str]:
    return [article.path for article in find_articles(sources).files]


def write(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text")
    return root


def test_articles_are_known_by_their_ending(tmp_path: Path) -> None:
    """The five endings count in any case; other files, hidden files and hidden folders do not."""
    write(tmp_path, "b.md", "a.markdown", "c.HTML", "d.htm", "e.txt", "新闻/头条.md")
    write(tmp_path, "LICENSE", "x.py", "y.jpg", ".hidden.md", ".git/z.md", "新闻/._头条.md")
    assert paths(tmp_path) == ["a.markdown", "b.md", "c.HTML", "d.htm", "e.txt", "新闻/头条.md"]


def test_a_name_that_is_only_an_ending_is_an_article(tmp_path: Path) -> None:
    """Generators leave it of a title without a letter; any other dot at the start hides."""
    write(tmp_path, ".md", "a/ .md", "b/.HTML", "..md", ".a.md", ".md.d/x.md")
    assert paths(tmp_path) == [".md", "a/ .md", "b/.HTML"]


def test_what_is_passed_over_is_counted(tmp_path: Path) -> None:
    """By reason, each thing once; a hidden folder counts as one."""
    write(tmp_path, "a.md", "LICENSE", "b.py", ".c.md", ".git/d.md", ".git/e.md", "f.mdx")
    (tmp_path / "out.md").symlink_to(tmp_path.parent)
    (tmp_path / "z.md").symlink_to("a.md")
    os.mkfifo(tmp_path / "pipe.md")
    found = find_articles([tmp_path, tmp_path / "a.md"])
    assert [file.path for file in found.files] == ["a.md"]
    assert found.passed_over == {"ending": 3, "hidden": 2, "link": 2, "repeated": 2}


def test_the_build_tells_of_all_that_a_folder_holds(tmp_path: Path) -> None:
    """In its summary and in the database, also where nothing but that has changed."""
    source, target = write(tmp_path / "in", "a.md", ".b.md", "c.py"), tmp_path / "out.db"
    for names, found in (((), 3), (("d.py",), 4), (("e.md",), 5)):
        write(source, *names)
        result = CliRunner().invoke(main, [str(source), "-o", str(target), "-j", "1"])
        assert f"{found} files found" in result.output
        assert "1 hidden" in result.output and "with another ending" in result.output
        counts = dict(sqlite3.connect(target).execute("select name, count from accounting"))
        passed_over = counts["passed_over_hidden"] + counts["passed_over_ending"]
        assert counts["files_found"] == found == counts["files_seen"] + passed_over


def test_a_folder_that_vanishes_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is removed while the walk goes on does not end it."""
    write(tmp_path, "a/one.md", "b/two.md")
    scandir = os.scandir

    def removing(folder: str) -> object:
        if str(folder).endswith("/b"):
            monkeypatch.undo()
            shutil.rmtree(folder)
        return scandir(folder)

    monkeypatch.setattr("clippings.reading.sources.local.os.scandir", removing)
    found = find_articles([tmp_path])
    assert [file.path for file in found.files] == ["a/one.md"]
    assert found.passed_over == {"vanished": 1}


def test_a_file_is_a_source_of_one_article(tmp_path: Path) -> None:
    """A file given by itself is known by its name."""
    write(tmp_path, "deep/one.md", "deep/two.md")
    assert paths(tmp_path / "deep" / "one.md") == ["one.md"]


def test_the_same_file_given_twice_is_read_once(tmp_path: Path) -> None:
    """Sources that overlap do not double anything."""
    write(tmp_path, "a/one.md")
    assert paths(tmp_path, tmp_path / "a", tmp_path / "a" / "one.md") == ["a/one.md"]


def test_two_sources_with_the_same_path_keep_both_files(tmp_path: Path) -> None:
    """The later one is told apart by its source's name; adding a source moves no earlier path."""
    write(tmp_path, "2021/news.md", "2022/news.md", "x/2022/news.md")
    found = paths(tmp_path / "2021", tmp_path / "2022", tmp_path / "x" / "2022")
    assert found == ["news.md", "2022/news.md", "2022-2/news.md"]


def test_links_are_followed_inside_the_source_only(tmp_path: Path) -> None:
    """A link that leads out, nowhere or to a folder is passed over."""
    write(tmp_path, "outside.md", "source/inside.md")
    source = tmp_path / "source"
    for name, target in {
        "out.md": "../outside.md",
        "gone.md": "nowhere.md",
        "loop.md": "loop.md",
        "folder.md": "..",
    }.items():
        (source / name).symlink_to(target)
    assert paths(source) == ["inside.md"]


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    """Links that lead out are passed over there too."""
    write(tmp_path, "outside.md", "a b/inside.md")
    (tmp_path / "a b" / "out.md").symlink_to("../outside.md")
    found = find_articles([f"file://{tmp_path}/a%20b"]).files
    assert [article.path for article in found] == ["inside.md"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    """Passing it over in silence would lose what is in it; root may list all."""
    if os.geteuid() == 0:
        pytest.skip("root lists every folder")
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(PermissionError):
        find_articles([tmp_path])


def test_what_is_no_ordinary_file_is_passed_over(tmp_path: Path) -> None:
    """A named pipe called .md would make a reader wait for ever."""
    os.mkfifo(tmp_path / "pipe.md")
    assert paths(tmp_path) == []


@pytest.mark.parametrize("name", [b"\xb1\xb1\xd4\xbc.md", b"line\nbreak.md", b"a\\b.md"])
def test_odd_names_become_text(tmp_path: Path, name: bytes) -> None:
    """Any file name gives a path that a database holds, one line or not."""
    with open(os.path.join(os.fsencode(tmp_path), name), "w"):
        pass
    (path,) = paths(tmp_path)
    assert path.encode("utf-8")


def test_names_that_differ_only_in_case_are_two(tmp_path: Path) -> None:
    """Paths are compared by their bytes."""
    write(tmp_path, "News.md", "news.md")
    assert paths(tmp_path) == ["News.md", "news.md"]


def test_a_stamp_changes_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Size and time of change tell a changed file without opening it, through a link too."""
    write(tmp_path, "one.md", "two.md")
    (tmp_path / "link.md").symlink_to("one.md")
    for name in ("one.md", "two.md"):
        os.utime(tmp_path / name, (5, 5))
    monkeypatch.setattr("clippings.reading.sources.local.SETTLED", 0)
    before = {article.path: article.stamp for article in find_articles([tmp_path]).files}
    os.utime(tmp_path / "one.md", ns=(0, 1))
    after = {article.path: article.stamp for article in find_articles([tmp_path]).files}
    assert before["two.md"] == after["two.md"]
    assert before["link.md"] != after["link.md"]
    assert all(before.values())


def test_a_file_is_read_up_to_a_limit(tmp_path: Path) -> None:
    """The beginning of a large file comes with the size of the whole."""
    (tmp_path / "large.md").write_bytes(b"0123456789")
    (article,) = find_articles([tmp_path]).files
    assert read_bytes(article, 4) == (b"0123", 10)
    assert read_bytes(article, 100) == (b"0123456789", 10)
