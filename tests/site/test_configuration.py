"""An archive of one's own: archive.yml beside the database goes before metadata.yml."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, SETTINGS, Visitor
from datasette.app import Datasette
from datasette.utils import StartupError


def again(visited: Visitor, own: Any) -> Visitor:
    """The same folder, served anew with an archive.yml."""
    folder = Path(visited.datasette.get_database("clippings").path).parent
    (folder / "archive.yml").write_text(yaml.safe_dump(own, allow_unicode=True))
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text())
    datasette = Datasette([], config_dir=folder, settings=SETTINGS, metadata=metadata)
    asyncio.run(datasette.invoke_startup())
    return Visitor(datasette)


def test_it_is_said_everywhere(serve: Callable[..., Visitor]) -> None:
    """Its title stands on every page and in what programs read, its pictures are links."""
    own = {
        "title": "山城旧闻 · Old news of the hill town",
        "pictures": "links",
        "creators": [{"name": "Zhang San"}],
        "datasheet": {"collection": "手抄 · Copied by hand"},
    }
    site = again(serve(ROOT / "seeds"), own)
    for path in ("/", "/archive", "/clippings", "/nothing"):
        status = 404 if path == "/nothing" else 200
        page = site.page(f"{path}?_lang=zh-Hant", status=status)
        assert "山城舊聞" in page.xpath("string(//a[@class='site-name'])"), path
    assert not site.page("/").xpath("//main//img")
    assert "Copied by hand" in site.get("/datasheet?_lang=en").text
    assert "Old news of the hill town" in site.get("/croissant.json").text
    assert "Zhang San" in site.get("/CITATION.cff").text


def test_without_it_nothing_is_claimed(site: Visitor) -> None:
    """Nobody has said how the articles were collected, so no page does."""
    assert "RSS" not in site.page("/datasheet?_lang=en").xpath("string(//main)")


def test_a_misspelt_name_stops_the_start(serve: Callable[..., Visitor]) -> None:
    """An owner's wish is not dropped in silence."""
    with pytest.raises(StartupError, match="did you mean title"):
        again(serve(ROOT / "seeds"), {"titel": "x"})
