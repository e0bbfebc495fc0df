"""What a request passes before Datasette sees it: one spelling, a known page, a bounded body."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from click import ClickException
from conftest import ROOT, SQL, Visitor
from datasette.utils import StartupError
from test_error_pages import ask

from clippings.site.addresses import canonical_path
from clippings.site.limits import MAX_BODY

FUZZED = 3000 if os.environ.get("CLIPPINGS_SOAK") else 150
ARTICLE = "/clippings/articles/385025375454797"


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/", "/"),
        ("/tag/%E9%9B%AA", "/tag/%E9%9B%AA"),
        ("/sources//", "/sources"),
        ("/clippings/articles.csv", "/clippings/articles.csv"),
        ("/~63lippings/articles.csv", "/clippings/articles.csv"),
        ("/clippings/~61rticles.csv", "/clippings/articles.csv"),
        ("/~63lippings.csv", "/clippings.csv"),
        ("/clippings/tags/a~2Fb,1.json", "/clippings/tags/a~2Fb,1.json"),
        ("/clippings/tags/%E9,1", "/clippings/tags/%E9,1"),
        ("/clippings/articles/1.", None),
    ],
)
def test_a_path_has_one_spelling(path: str, canonical: str | None) -> None:
    """Of what names a database in any way; percent-encoded names are for our own pages."""
    assert canonical_path(path, {"clippings"}) == canonical


def test_another_spelling_is_redirected(site: Visitor) -> None:
    """Before any limit or cache sees it, with its parameters."""
    status, headers, _ = ask(site, "/~63lippings/articles.csv?_sort=id&_size=max")
    assert (status, headers[b"location"]) == (302, b"/clippings/articles.csv?_sort=id&_size=max")


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("articles.csv?_stream=on&_size=max&tag=a", "/export/articles.csv?tag=a"),
        ("~61rticles.csv?_stream=on", "/export/articles.csv"),
        ("longest_reads.csv?_stream=1&n=2", "/clippings/longest_reads.csv?n=2"),
        ("articles_fts_data.csv?_stream=1", "/clippings/articles_fts_data.csv"),
    ],
)
def test_a_whole_table_is_an_export(site: Visitor, asked: str, target: str) -> None:
    """`_stream`, with which Datasette would read on for as long as its visitor does, never comes
    to it."""
    status, headers, _ = ask(site, f"/clippings/{asked}")
    assert (status, headers[b"location"].decode()) == (302, target)


def test_no_request_leads_to_another_host(site: Visitor) -> None:
    """A request in absolute form, or one whose path a browser takes for a host, is a 404."""
    for address in ("http://evil.example/?_foo=", "//evil.example/?_foo=", "/\\evil.example/?a="):
        assert ask(site, address)[0] == 404, address


@pytest.mark.parametrize(
    "path", ["/sitemap-1.xml", "/about", "/search", "/year/2022", "/feed.atom"]
)
def test_unknown_parameters_lead_to_the_page_without(site: Visitor, path: str) -> None:
    """What a page does not read is no other page, so that nobody makes one anew by chance."""
    assert site.get(f"{path}?z=1&_lang=en").headers["location"] == f"{path}?_lang=en"
    assert site.get(f"{path}?z=1").headers["location"] == path
    assert site.get(f"{path}?_lang=en").status_code == 200


def test_pages_of_datasette_keep_their_parameters(site: Visitor) -> None:
    """A column's name is a parameter of a table, and exports take the same."""
    for path in ("/clippings/tags?tag=x", "/export/tags.csv?tag=x", "/clippings/articles?z=1"):
        assert site.get(path).status_code in (200, 400), path


def posted(site: Visitor, path: str, **sent: Any) -> httpx.Response:
    return asyncio.run(site.datasette.client.post(path, **sent))


def test_large_bodies_are_refused(site: Visitor) -> None:
    """413, whether their length is said or not, before anything reads them."""

    async def pieces() -> Any:
        for _ in range(100):
            yield b"x" * 1000

    assert posted(site, "/-/messages", content=b"a=" + b"x" * MAX_BODY).status_code == 413
    assert posted(site, "/-/messages", content=pieces()).status_code == 413
    assert posted(site, "/-/messages", data={"a": "b"}).status_code < 413


def test_a_form_without_a_boundary_is_refused(site: Visitor) -> None:
    """400: the check against forged forms would break on it."""
    for form in ("multipart/form-data", "multipart/form-data;x"):
        answer = posted(site, "/-/messages", content=b"a=1", headers={"content-type": form})
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "path", ["/search", "/%73earch", "/a/1", "/clippings/articles", "/nowhere"]
)
def test_nothing_is_posted_to_pages(site: Visitor, path: str) -> None:
    """405 for every way of sending it."""
    for sent in ({"data": {"a": "1"}}, {"json": {}}, {"files": {"a": b"x"}}):
        assert posted(site, path, **sent).status_code == 405


def test_owners_settings_are_not_shown(serve: Callable[..., Visitor]) -> None:
    """`withhold` names paths that nobody shall know of."""
    site = serve(ROOT / "seeds", configuration={"withhold": [{"path": "secret/*.md"}]})
    for path in ("/-/metadata.json", "/-/config.json", "/-/plugins.json", "/-/settings.json"):
        assert "secret" not in site.get(path).text, path


def test_a_database_of_another_name_is_served(site: Visitor, tmp_path: Path) -> None:
    """As the archive, if it is the only one; else the site says so when it starts."""
    archive = site.datasette.get_database("clippings").path
    (tmp_path / "news.db").write_bytes(Path(archive).read_bytes())
    (tmp_path / "other.db").write_bytes(Path(archive).read_bytes())

    def started(*names: str) -> Visitor:
        options = {"plugins_dir": ROOT / "plugins", "template_dir": ROOT / "templates"}
        files = [str(tmp_path / name) for name in names]
        datasette = type(site.datasette)(files, **{k: str(v) for k, v in options.items()})
        asyncio.run(datasette.invoke_startup())
        return Visitor(datasette)

    one = started("news.db")
    for path in ("/", "/archive", "/clippings/articles", ARTICLE, f"{SQL}.json?sql=select+1"):
        assert one.get(path).status_code == 200, path
    with pytest.raises(StartupError, match="none of the databases"):
        started("news.db", "other.db")
    (tmp_path / "text.db").write_text("text")
    with pytest.raises(ClickException, match=r"text\.db: not a database of Clippings"):
        started("text.db")


# ── a bounded number of requests by a grammar ────────────────────────────────────────────────

MULTIPART = [
    b"",
    b"--x",
    b"--x\r\n\r\n",
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n",
]


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x", "; boundary=\xff"])
@pytest.mark.parametrize("body", MULTIPART)
@pytest.mark.parametrize("path", ["/-/messages", "/-/logout", "/-/permissions", "/clippings"])
def test_multipart_is_no_500(site: Visitor, path: str, boundary: str, body: bytes) -> None:
    """However broken."""

    async def visit() -> int:
        transport = httpx.ASGITransport(site.datasette.app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = [(b"content-type", f"multipart/form-data{boundary}".encode("latin-1"))]
            return (await client.post(path, content=body, headers=headers)).status_code

    assert asyncio.run(visit()) < 500


PARTS = """clippings articles articles_fts tags search a 1 385025375454797 - query export static
    sitemap-1 day 2022-01-11 feed source 示例日报 nosuch trends %2e%2e ~63 ~ ; .""".split()
ENDINGS = ["", "", "", ".", ".json", ".csv", ".atom", ".parquet", ".db", ".xml", ".md", "/"]
NAMES = "q sql _where _sort _facet _search _size _next _shape _lang page before id__in z".split()
VALUES = ["", "1", "雪", "select 1", "'", "max", "[", "\0", "NEAR(a b)", "-1", "x" * 400, "%"]
HEADERS: list[tuple[str, bytes]] = [
    ("cookie", b"\xff\xfe=1"),
    ("cookie", b"clippings_lang=\xe9"),
    ("cookie", b"ds_actor=x"),
    ("accept-language", b"\xff"),
    ("if-none-match", b'"x'),
    ("range", b"bytes=9-1"),
    ("host", b"other.example"),
    ("content-type", b"multipart/form-data"),
]


def requests_of(seed: int) -> Iterator[tuple[str, str, list[tuple[str, bytes]]]]:
    """Method, address and headers of FUZZED requests."""
    draw = random.Random(seed)
    for _ in range(FUZZED):
        path = "/".join(draw.choice(PARTS) for _ in range(draw.randint(0, 3)))
        pairs = [(draw.choice(NAMES), draw.choice(VALUES)) for _ in range(draw.randint(0, 2))]
        query = "&".join(f"{name}={quote(value)}" for name, value in pairs)
        address = (
            "/" + quote(path, safe="/%~;.") + draw.choice(ENDINGS) + ("?" + query if query else "")
        )
        method = draw.choice(["GET"] * 8 + ["HEAD", "POST", "PUT", "OPTIONS", "DELETE"])
        yield method, address, draw.sample(HEADERS, draw.choice([0, 0, 1, 2]))


@pytest.mark.parametrize("seed", [18, random.randrange(2**32)], ids=["fixed", "fresh"])
def test_no_request_of_the_grammar_gets_a_500(site: Visitor, seed: int) -> None:
    """Each failure is printed as the request to repeat it with."""
    failed = []

    async def visit() -> None:
        transport = httpx.ASGITransport(site.datasette.app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for method, address, headers in requests_of(seed):
                sent = {"content": b"a=1"} if method in ("POST", "PUT") else {}
                answer = await client.request(method, address, headers=headers, **sent)
                if answer.status_code >= 500 and answer.status_code != 503:
                    failed.append(f"curl -X {method} {headers} '{address}' # {answer.status_code}")

    asyncio.run(visit())
    assert not failed, "\n".join([f"seed {seed}", *failed])


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        (f"{ARTICLE}.", []),
        ("/", [(b"cookie", b"\xff=\xff")]),
        ("/clippings/articles", [(b"cookie", b"clippings_lang=\xff; ds_csrftoken=\xfe")]),
        ("/export/articles_fts.parquet", []),
        ("/export/articles_fts.csv", []),
        (f"/export/articles.csv?title__like={'%25' * 300}", []),
    ],
)
def test_known_500s_are_none(
    site: Visitor, address: str, headers: list[tuple[bytes, bytes]]
) -> None:
    """What once crashed."""

    async def visit() -> int:
        transport = httpx.ASGITransport(site.datasette.app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get(address, headers=headers)).status_code

    assert asyncio.run(visit()) < 500
