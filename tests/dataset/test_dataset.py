"""The dataset, described once: what every format says is so, and its own tools agree."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Visitor, unavailable

from clippings.dataset.description import describe
from clippings.dataset.tables import open_readonly
from clippings.site.i18n import translator

VALIDATORS = ROOT / "build/validators"


def run(tool: str, script: str, *arguments: str) -> str:
    """What a script prints in the environment of a validator (`make validators`)."""
    python = VALIDATORS / tool / "bin/python"
    if not python.exists():
        unavailable(f"{tool} is not installed; `make validators` does it")
    done = subprocess.run(
        [str(python), "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_croissant_is_valid_and_loads(released_site: Visitor, release_of_seeds: Path) -> None:
    """mlcroissant finds nothing wrong and reads every record of every table by the file."""
    script = """
import json, sys, mlcroissant
dataset = mlcroissant.Dataset(sys.argv[1])
assert not dataset.metadata.issues.errors, dataset.metadata.issues.report()
names = [record_set.name for record_set in dataset.metadata.record_sets]
rows = {name: list(dataset.records(name)) for name in names}
titles = [row["articles/title"].decode() for row in rows["articles"]]
days = [str(row["articles/day"])[:10] for row in rows["articles"]]
print(json.dumps([{name: len(found) for name, found in rows.items()}, titles, days]))
"""
    printed = run("mlcroissant", script, str(release_of_seeds / "croissant.json"))
    counts, titles, days = json.loads(printed.splitlines()[-1])
    assert set(counts) == {"articles", "placements", "links", "images", "tags", "stories"}
    for table, count in counts.items():
        assert count == released_site.rows(f"select count(*) as n from {table}")[0]["n"]
    rows = released_site.rows("select title, day from articles order by docid")
    assert titles == [row["title"] for row in rows]
    assert days[-1] == rows[-1]["day"]


def test_the_data_package_is_valid_and_loads(
    released_site: Visitor, release_of_seeds: Path
) -> None:
    """Frictionless checks sizes, digests and every row's types, and reads the same titles."""
    script = """
import json, sys, frictionless
package = frictionless.Package(sys.argv[1])
report = package.validate()
assert report.valid, report.flatten(["name", "type", "note"])
print(json.dumps([row["title"] for row in package.get_resource("articles.parquet").read_rows()]))
"""
    printed = run("frictionless", script, str(release_of_seeds / "datapackage.json"))
    rows = released_site.rows("select title from articles order by docid")
    assert json.loads(printed) == [row["title"] for row in rows]


def test_hugging_face_loads_the_release(
    released_site: Visitor, release_of_seeds: Path, tmp_path: Path
) -> None:
    """`datasets` finds the configurations of the card, and in each the rows of its table."""
    script = """
import json, sys, datasets
folder, cache = sys.argv[1:]
names = datasets.get_dataset_config_names(folder)
loaded = {name: datasets.load_dataset(folder, name, cache_dir=cache)["train"] for name in names}
default = datasets.load_dataset(folder, cache_dir=cache)["train"]
assert default["title"] == loaded["articles"]["title"]
print(json.dumps([{name: len(rows) for name, rows in loaded.items()}, list(default["title"])]))
"""
    printed = run("mlcroissant", script, str(release_of_seeds), str(tmp_path))
    counts, titles = json.loads(printed.splitlines()[-1])
    assert {"articles", "placements", "links"} <= set(counts) and all(counts.values())
    for table, count in counts.items():
        assert count == released_site.rows(f"select count(*) as n from {table}")[0]["n"]
    rows = released_site.rows("select title from articles order by docid")
    assert titles == [row["title"] for row in rows]


@pytest.mark.parametrize("place", ["release", "site"])
def test_the_citation_is_valid(
    released_site: Visitor, release_of_seeds: Path, tmp_path: Path, place: str
) -> None:
    """cffconvert takes CITATION.cff of the release and of the site."""
    file = release_of_seeds / "CITATION.cff"
    if place == "site":
        file = tmp_path / "CITATION.cff"
        file.write_bytes(released_site.get("/CITATION.cff").content)
    script = "from cffconvert.cli.cli import cli; cli()"
    assert "valid" in run("cffconvert", script, "--validate", "-i", str(file))


def test_the_site_says_the_same_as_the_release(
    released_site: Visitor, release_of_seeds: Path
) -> None:
    """Its addresses aside: title, version, tables, sizes, digests."""
    here = released_site.get("/croissant.json").json()
    there = json.loads((release_of_seeds / "croissant.json").read_text())
    for key in ("name", "description", "version", "recordSet", "datePublished"):
        assert here[key] == there[key]
    for mine, released in zip(here["distribution"], there["distribution"], strict=True):
        address = mine["contentUrl"].removeprefix("http://localhost")
        assert mine["sha256"] == released["sha256"]
        answer = released_site.get(address, headers={"range": "bytes=-1"})
        assert answer.headers["content-range"].endswith("/" + mine["contentSize"].split()[0])
    package = released_site.get("/datapackage.json").json()
    assert [r["clippings"]["sha256"] for r in package["resources"]] == [
        file["sha256"] for file in there["distribution"]
    ]


@pytest.mark.parametrize("which", ["site", "released_site"])
def test_the_home_page_carries_it_for_search_engines(
    which: str, request: pytest.FixtureRequest
) -> None:
    """schema.org/Dataset with what such an engine asks for, with and without a release."""
    visited: Visitor = request.getfixturevalue(which)
    (script,) = visited.page("/").xpath("//script[@type='application/ld+json']")
    dataset = json.loads(script.text)
    assert dataset["@type"] == "sc:Dataset"
    assert {"name", "description", "license", "creator", "temporalCoverage"} <= set(dataset)
    assert len(dataset["description"]) >= 50
    assert len(dataset["distribution"]) == (1 if which == "site" else 10)
    for file in dataset["distribution"]:
        address = file["contentUrl"].removeprefix("http://localhost")
        assert visited.get(address, headers={"range": "bytes=0-0"}).status_code == 206


def test_no_text_of_the_description_ends_the_script(serve: Callable[..., Visitor]) -> None:
    """Whatever metadata.yml says stays data."""
    evil = {"dataset": {"coverage": "</script><script>alert(1)</script>"}}
    tree = serve(ROOT / "seeds", evil).page("/")
    (script,) = tree.xpath("//script[@type='application/ld+json']")
    assert evil["dataset"]["coverage"] in json.loads(script.text)["description"]
    assert not tree.xpath("//script[contains(text(), 'alert') and not(@type)]")


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_the_dictionary_has_every_column(site: Visitor, language: str) -> None:
    """Each column that the tables shown have, with its meaning in the reader's language."""
    tables = yaml.safe_load((ROOT / "metadata.yml").read_text())["databases"]["clippings"]["tables"]
    page = site.page(f"/dictionary?_lang={language}")
    text = page.text_content()
    for name, table in tables.items():
        if table.get("hidden"):
            continue
        assert page.xpath(f"//h2[@id='{name}']"), name
        for column, meaning in table.get("columns", {}).items():
            assert column in text
            assert translator(language).pick(meaning) in text, (name, column)


def test_the_datasheet_counts_what_was_lost(site: Visitor) -> None:
    """Each code of the conversion stands there with the number that SQL finds."""
    page = site.page("/datasheet?_lang=en")
    assert "Each article belongs to the publisher or author" in page.text_content()
    shown = {
        row[0].text_content(): [cell.text_content() for cell in row[1:3]]
        for row in page.xpath("//table[@class='files']/tbody/tr")
    }
    found = site.rows(
        "select code, count(*) as n, count(distinct article) as articles from diagnostics"
        " where stage = 'convert' group by code"
    )
    assert found
    assert shown == {row["code"]: [f"{row['n']:,}", f"{row['articles']:,}"] for row in found}


def test_the_downloads_page(released_site: Visitor) -> None:
    """Each file that has rows, with size, digest and what it is, at an address that gives this very
    file; what has no rows is in the release, not in the list."""
    page = released_site.page("/downloads?_lang=en")
    rows = page.xpath("//table[1]/tbody/tr[.//code]")
    files = released_site.get("/datapackage.json").json()["resources"]
    wanted = {each["clippings"]["name"] for each in files if each["clippings"].get("rows") != 0}
    assert {row[0].text_content() for row in rows} == wanted
    about = [row[1].text_content() for row in rows]
    assert len(set(about)) == len(about), "each file says what it is itself"
    for row in rows:
        address = row.xpath(".//a/@href")[0].removeprefix("http://localhost")
        digest = row.xpath(".//code")[0].text
        assert released_site.get(address).headers["etag"] == f'"{digest}"'
    tables = page.xpath("//section//tbody/tr")
    assert tables and all(row[1].text_content() != "0" for row in tables)
    for name in ("SHA256SUMS", "README.md", "datapackage.json", "croissant.json", "CITATION.cff"):
        assert page.xpath(f"//p[@class='ways']/a[.='{name}']")
        assert released_site.get(f"/downloads/{name}").status_code == 200


def test_an_empty_metadata_is_enough(site: Visitor) -> None:
    """What nobody described is left out, not invented."""
    path = Path(site.datasette.get_database("clippings").path)
    conn = open_readonly(path)
    assert describe(conn, {}).creators == ()
    conn.close()


def test_an_archive_without_a_date_has_its_pages(bare_site: Visitor) -> None:
    """No day, no source, no language known: every page and format still answers."""
    for path in "/ /downloads /dictionary /datasheet /croissant.json /datapackage.json".split():
        assert bare_site.get(path).status_code == 200, path
    assert yaml.safe_load(bare_site.get("/CITATION.cff").text)["version"] == "0.0.0"


def test_under_a_prefix(below: Visitor) -> None:
    """With base_url the addresses of files and descriptions are below it."""
    (file,) = below.get("/croissant.json").json()["distribution"]
    assert file["contentUrl"] == "http://localhost/below/downloads/clippings.db"
    address = below.page("/downloads").xpath("//table[1]/tbody/tr[1]//a/@href")[0]
    assert address.startswith("http://localhost/below/downloads/")
