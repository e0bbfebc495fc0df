"""Both lines of Datasette obey metadata.yml, and neither writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from conftest import ROOT, SQL, Visitor

ARTICLE = "/clippings/articles/385025375454797"


@pytest.fixture(scope="module")
def closed(serve: Callable[..., Visitor]) -> Visitor:
    """The site of an archive whose owner lets nobody ask SQL, nor see the table of tags."""
    database = {"allow_sql": False, "tables": {"tags": {"allow": False}}}
    return serve(ROOT / "seeds", database=database)


@pytest.mark.parametrize(
    "path",
    [
        f"{SQL}?sql=select+1",
        f"{SQL}.json?sql=select+1",
        f"{SQL}.csv?sql=select+1",
        "/clippings/articles?_where=1=1",
        "/clippings/articles.json?_where=1=1",
        "/clippings/articles.csv?_where=1=1",
    ],
)
def test_allow_sql_is_obeyed(site: Visitor, closed: Visitor, path: str) -> None:
    """`allow_sql: false` closes every way of asking SQL of one's own, with 403."""
    assert site.get(path).status_code == 200
    assert closed.get(path).status_code == 403
    answer = asyncio.run(closed.datasette.client.post(path, data={"sql": "select 1"}))
    assert answer.status_code in {400, 403, 405}


def test_ready_queries_are_not_sql_of_ones_own(closed: Visitor) -> None:
    """They run where nobody may ask SQL, and the pages offer no box for it."""
    rows = closed.get("/clippings/search.json?q=彗星&_shape=array").json()
    assert rows and rows[0]["snippet"]
    for path in ("/clippings", "/clippings/search?q=彗星", "/clippings/articles"):
        page = closed.page(path)
        assert not page.xpath("//textarea[@name='sql']")
        assert not page.xpath("//main//a[contains(@href, '?sql=') or contains(@href, '&sql=')]")


def test_what_is_not_for_everyone_is_not_exported(site: Visitor, closed: Visitor) -> None:
    """An export asks Datasette for its rows as the visitor who wants them."""
    for path in ("/clippings/tags", "/clippings/tags.json", "/export/tags.csv"):
        assert (site.get(path).status_code, closed.get(path).status_code) == (200, 403)


def test_a_page_has_each_ready_query(site: Visitor) -> None:
    """Datasette 1.0 by itself shows the first five."""
    titles = site.page("/clippings?_lang=en").xpath("//ul[@class='bullets'][1]/li/a/text()")
    assert {"Search", "The longest reads", "The languages"} <= set(titles)


def test_facets_are_as_long_as_metadata_says(corpus_site: Visitor) -> None:
    """`facet_size: 12` of the table goes before the setting."""
    (facet,) = corpus_site.page("/clippings/articles").xpath("//section[@data-column='source']")
    assert len(facet.xpath(".//li[not(contains(@class, 'truncated'))]")) == 12


POSTED = (
    "/clippings/-/create",
    "/clippings/-/query",
    "/clippings/-/queries/store",
    "/clippings/-/queries/analyze",
    "/clippings/-/execute-write",
    "/clippings/-/execute-write/analyze",
    "/clippings/articles",
    "/clippings/articles/-/insert",
    "/clippings/articles/-/upsert",
    "/clippings/articles/-/alter",
    "/clippings/articles/-/drop",
    "/clippings/articles/-/set-column-type",
    f"{ARTICLE}/-/update",
    f"{ARTICLE}/-/delete",
    "/clippings/search",
    "/clippings/search/-/update",
    "/clippings/search/-/delete",
    "/-/create-token",
    "/-/permissions",
)


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize("kind", ["json", "data"])
def test_nobody_writes(site: Visitor, path: str, kind: str) -> None:
    """Each address that Datasette 1.0 has for writing is closed; on 0.65 nothing is there."""
    before = site.rows("select count(*) as n, sum(docid) as d from articles")
    sent = {"sql": "delete from articles", "row": {"id": 1}, "confirm": True}
    if kind == "data":
        sent = {"sql": "delete from articles", "confirm": "1"}
    answer = asyncio.run(site.datasette.client.post(path, **{kind: sent}))
    assert answer.status_code in {400, 403, 404, 405}
    assert site.rows("select count(*) as n, sum(docid) as d from articles") == before


def test_every_site_is_served_by_the_fixture() -> None:
    """Tests of the site are known by the fixture `serve`, so nothing else makes one."""
    for file in (ROOT / "tests").glob("test_*.py"):
        assert "Datasette" + "(" not in file.read_text(), file.name
