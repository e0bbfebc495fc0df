"""A release: same database, same bytes; others read them; nothing else is touched."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
import zstandard
from click.testing import CliRunner
from conftest import ROOT, Visitor
from pyarrow import parquet

import clippings.dataset.release
from build_db import main
from clippings.dataset.release import release
from clippings.models import BuildError


def silent(name: str, done: int) -> None:
    pass


def test_the_command_releases(tmp_path: Path) -> None:
    """One command builds and releases, says of each file that it begins, and does the same again
    over what it wrote."""
    options = ["-o", str(tmp_path / "clippings.db"), "--release", str(tmp_path / "release")]
    for _ in range(2):
        done = CliRunner().invoke(main, [str(ROOT / "seeds"), *options])
        assert done.exit_code == 0, done.output
        lines = done.output.splitlines()
        assert lines[0].startswith("Looking for articles in ")
        assert lines.count("Writing articles.parquet …") == 1
        assert lines.count("Writing articles.jsonl.zst …") == 1
    left = {path.name for path in tmp_path.iterdir()}
    built = {"clippings.db", "inspect-data.json", ".clippings.db.state"}
    assert left == built | {"release"}


def test_checksums_are_right(release_of_seeds: Path) -> None:
    """`sha256sum -c` finds every file, and no file is without a line."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=release_of_seeds,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    checked = {line.removesuffix(": OK") for line in done.stdout.splitlines()}
    assert checked == {path.name for path in release_of_seeds.iterdir()} - {"SHA256SUMS"}


def test_the_same_database_gives_the_same_bytes(release_of_seeds: Path, tmp_path: Path) -> None:
    """From another folder, at another time: every file of a release."""
    database = release_of_seeds.with_name("clippings.db")
    for name in ("one", "two"):
        release(database, tmp_path / name, {"title": "a"}, silent)
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names == {path.name for path in (tmp_path / "two").iterdir()}
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_parquet_holds_the_tables(released_site: Visitor, release_of_seeds: Path) -> None:
    """Every row and value, dates as dates, moments as wall clocks with their offset beside."""
    for name in ("articles", "placements", "links", "images", "tags", "stories"):
        table = parquet.read_table(release_of_seeds / f"{name}.parquet")
        rows = released_site.rows(f"select * from {name}")
        assert table.num_rows == len(rows)
        assert set(rows[0]) <= set(table.column_names)
    articles = parquet.read_table(release_of_seeds / "articles.parquet").to_pylist()
    by_id = {row["id"]: row for row in released_site.rows("select * from articles")}
    assert len(by_id) == len(articles)
    for found in articles:
        row = by_id[found["id"]]
        assert found["markdown"] == row["markdown"]
        assert found["day"] == (row["day"] and date.fromisoformat(row["day"]))
        if row["published"]:
            assert found["published"] == datetime.fromisoformat(row["published"][:19])
            assert (found["published_offset"] or "") == row["published"][19:]
        else:
            assert found["published"] is found["published_offset"] is None


def test_duckdb_counts_what_sqlite_counts(released_site: Visitor, release_of_seeds: Path) -> None:
    """Another reader of Parquet finds the same articles in each month."""
    sql = "select {} as month, count(*) as n from {} group by month order by month nulls first"
    file = f"'{release_of_seeds}/articles.parquet'"
    counted = duckdb.sql(sql.format("strftime(day, '%Y-%m')", file)).fetchall()
    rows = released_site.rows(sql.format("substr(day, 1, 7)", "articles"))
    assert counted == [(row["month"], row["n"]) for row in rows]


def test_json_lines_hold_every_article(released_site: Visitor, release_of_seeds: Path) -> None:
    """A line an article, equal to its row."""
    with (release_of_seeds / "articles.jsonl.zst").open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read().decode()
    rows = released_site.rows("select * from articles order by docid")
    assert [json.loads(line) for line in text.splitlines()] == rows


def test_the_compressed_database_is_the_database(release_of_seeds: Path) -> None:
    """Byte for byte, and the served one's."""
    with (release_of_seeds / "clippings.db.zst").open("rb") as file:
        unpacked = zstandard.ZstdDecompressor().stream_reader(file).read()
    assert unpacked == (release_of_seeds / "clippings.db").read_bytes()
    assert unpacked == release_of_seeds.with_name("clippings.db").read_bytes()


def test_markdown_builds_again(
    serve: Callable[..., Visitor], released_site: Visitor, release_of_seeds: Path, tmp_path: Path
) -> None:
    """The unpacked zip is a folder of articles: built, it gives the same titles, dates, names,
    authors, tags and texts."""
    with zipfile.ZipFile(release_of_seeds / "articles-markdown.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    columns = (
        "title, published, source, section, feed, author, language, url, image, day, updated,"
        " characters, (select group_concat(tag) from (select tag from tags"
        " where article = articles.id order by tag)) as tags"
    )
    sql = f"select {columns} from articles order by title, published"
    assert serve(tmp_path).rows(sql) == released_site.rows(sql)


def test_a_folder_of_something_else_is_not_touched(release_of_seeds: Path, tmp_path: Path) -> None:
    """A file that no release wrote stops it, whatever else is there; an empty folder does not."""
    database = release_of_seeds.with_name("clippings.db")
    folder = tmp_path / "release"
    folder.mkdir()
    release(database, folder, {}, silent)
    (folder / "thesis.odt").write_text("mine")
    with pytest.raises(BuildError, match=r"holds thesis\.odt, which no build wrote"):
        release(database, folder, {}, silent)
    assert (folder / "thesis.odt").read_text() == "mine"


def test_a_release_that_fails_leaves_the_old_one(
    release_of_seeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails while a file is written: the old release stays whole, no draft is left."""
    database, folder = release_of_seeds.with_name("clippings.db"), tmp_path / "release"
    release(database, folder, {}, silent)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(name: str, done: int) -> None:
        if name == "links.parquet":
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        release(database, folder, {"title": "another"}, fail)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without pyarrow the message says which extra has it."""
    monkeypatch.setattr(
        clippings.dataset.release, "find_spec", lambda name: None if name == "pyarrow" else object()
    )
    with pytest.raises(BuildError, match=r"needs pyarrow.*\[release\]"):
        release(tmp_path / "x.db", tmp_path / "release", {}, silent)


def test_an_empty_table_is_a_file_too(bare_site: Visitor, tmp_path: Path) -> None:
    """An archive without links has a links.parquet with the columns and no row."""
    database = Path(bare_site.datasette.get_database("clippings").path)
    release(database, tmp_path / "release", {}, silent)
    data = (tmp_path / "release/links.parquet").read_bytes()
    table = parquet.read_table(io.BytesIO(data))
    assert table.num_rows == 0 and "url" in table.column_names


def test_the_dataset_card_leads_to_its_files(release_of_seeds: Path) -> None:
    """Its YAML header is read, every file that it names is there with rows, one is the default."""
    _, header, text = (release_of_seeds / "README.md").read_text("utf-8").split("---\n", 2)
    card = yaml.safe_load(header)
    files = [release_of_seeds / each["data_files"] for each in card["configs"]]
    for file in files:
        rows = parquet.read_metadata(file).num_rows
        assert rows and f"({rows:,})" in text
    assert [each["config_name"] for each in card["configs"] if each["default"]] == ["articles"]
    assert "zh" in card["language"]
    assert card["pretty_name"] in text and all(file.name in text for file in files)
