"""An archive of one's own: what archive.yml says is built in, and goes before metadata.yml."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from conftest import ROOT, SETTINGS, SITE_FILES, Visitor
from datasette.app import Datasette

from build_db import main

OWN = {
    "title": "山城旧闻 · Old news of the hill town",
    "pictures": "links",
    "license": "CC BY 4.0",
    "url": "https://hill.example/",
    "coverage": "山城的报纸 · The papers of the hill town",
    "creators": [{"name": "Zhang San"}],
    "datasheet": {"collection": "手抄 · Copied by hand"},
    "withhold": [{"source": "样例科技", "reason": "应其要求 · At their request"}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """seeds/ with an archive.yml, built and released beside the site's files."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(ROOT / "seeds", folder / "articles")
    (folder / "articles/archive.yml").write_text(yaml.safe_dump(OWN, allow_unicode=True))
    for name in SITE_FILES:
        (folder / name).symlink_to(ROOT / name)
    words = [folder / "articles", "-o", folder / "clippings.db", "--release", folder / "release"]
    done = CliRunner().invoke(main, [*map(str, words)])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def owned(folder: Path) -> Visitor:
    """The site of it."""
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text())
    datasette = Datasette([], config_dir=folder, settings=SETTINGS, metadata=metadata)
    asyncio.run(datasette.invoke_startup())
    return Visitor(datasette)


def test_it_is_said_everywhere(owned: Visitor) -> None:
    """Its title stands on every page and in what programs read, its pictures are links."""
    for path in ("/", "/archive", "/clippings", "/nothing"):
        status = 404 if path == "/nothing" else 200
        page = owned.page(f"{path}?_lang=zh-Hant", status=status)
        assert "山城舊聞" in page.xpath("string(//a[@class='site-name'])"), path
    assert not owned.page("/").xpath("//main//img")
    sheet = owned.get("/datasheet?_lang=en").text
    assert "Copied by hand" in sheet and "The papers of the hill town" in sheet
    for path in ("feed.atom", "feed.json", "llms.txt", "sources.opml", "croissant.json"):
        assert "Old news of the hill town" in owned.get(f"/{path}?_lang=en").text, path
    assert "Zhang San" in owned.get("/CITATION.cff").text


def test_it_is_said_in_the_release(folder: Path) -> None:
    """Each file that describes the others has its title, and its address where it has one."""
    for name in ("README.md", "croissant.json", "datapackage.json", "CITATION.cff"):
        text = (folder / "release" / name).read_text("utf-8")
        assert "Old news of the hill town" in text, name
    for name in ("README.md", "croissant.json", "datapackage.json"):
        assert "CC BY 4.0" in (folder / "release" / name).read_text("utf-8"), name
    assert "Copied by hand" in (folder / "release/README.md").read_text("utf-8")
    assert "https://hill.example/" in (folder / "release/CITATION.cff").read_text("utf-8")


def test_the_build_obeys_it(owned: Visitor, folder: Path) -> None:
    """What it withholds is gone, the list is told to nobody, and it is no file of the archive."""
    assert not owned.rows("select 1 from articles where source = '样例科技'")
    assert owned.rows("select 1 from withheld where reason like '%At their request'")
    assert "样例科技" not in owned.get("/clippings/about.json").text
    counts = {row["name"]: row["count"] for row in owned.rows("select * from accounting")}
    (of_seeds,) = [sum(1 for path in (ROOT / "seeds").rglob("*") if path.is_file())]
    assert counts["files_found"] == of_seeds


def test_another_title_needs_no_other_reading(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build after a change of archive.yml reads no article and writes what is said now; a file
    that is given goes before the one that is found."""
    target = tmp_path / "clippings.db"
    monkeypatch.setattr("clippings.reading.sources.local.SETTLED", 0)  # they were written just now

    def build(*options: str) -> str:
        done = CliRunner().invoke(main, [str(folder / "articles"), "-o", str(target), *options])
        assert done.exit_code == 0, done.output
        found = sqlite3.connect(target).execute("select value from about where name = 'title'")
        return f"{done.output}{found.fetchone()}"

    other = tmp_path / "other.yml"
    other.write_text(yaml.safe_dump(OWN | {"title": "Another"}, allow_unicode=True))
    assert "Old news" in build()
    again = build("--archive", str(other))
    assert "Another" in again and "\n0 files read" in again
    assert "Old news" in build()


def test_two_of_them_are_told(folder: Path, tmp_path: Path) -> None:
    """Neither is taken at random."""
    shutil.copytree(folder / "articles", tmp_path / "b")
    words = [folder / "articles", tmp_path / "b", "-o", tmp_path / "clippings.db"]
    done = CliRunner().invoke(main, [*map(str, words)])
    assert done.exit_code == 1 and "by --archive" in done.output


def test_without_it_nothing_is_claimed(site: Visitor) -> None:
    """Nobody has said how the articles were collected, so no page does."""
    assert "RSS" not in site.page("/datasheet?_lang=en").xpath("string(//main)")
