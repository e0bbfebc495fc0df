"""Related articles: by the rare words that they share."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner

from build_db import main
from clippings.similarity.related import MAX_RELATED


def related(tmp_path: Path, articles: dict[str, str]) -> dict[str, list[str]]:
    """Title → the titles of its related articles, after a build of {title: text}."""
    source = tmp_path / "source"
    source.mkdir()
    for title, text in articles.items():
        (source / f"{title}.md").write_text(f"---\ntitle: {title}\n---\n{text}")
    CliRunner().invoke(main, [str(source), "-o", str(tmp_path / "x.db")], catch_exceptions=False)
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        found = db.execute(
            """select a.title, group_concat(o.title) from related
               join articles a on a.id = article join articles o on o.id = other
               group by a.title order by a.title"""
        )
        return {title: others.split(",") for title, others in found}


def test_articles_about_one_thing_find_each_other(tmp_path: Path) -> None:
    """Two on a bridge and two on a comet are paired so, and nothing else is related."""
    bridge = "江城二桥主跨合龙。江城二桥的缆索已经张拉，主跨合龙误差一毫米。"
    comet = "彗星掠过近日点。彗星的尾巴分叉，天文台拍到彗星的近日点亮度。"
    found = related(
        tmp_path,
        {
            "江城二桥合龙": bridge,
            "江城二桥通车": bridge + "今天通车。",
            "彗星来了": comet,
            "彗星的尾巴": comet + "照片。",
            "葱油拌面": "小葱切段，热油浇面，拌匀即食。",
        },
    )
    assert found == {
        "江城二桥合龙": ["江城二桥通车"],
        "江城二桥通车": ["江城二桥合龙"],
        "彗星来了": ["彗星的尾巴"],
        "彗星的尾巴": ["彗星来了"],
    }


def test_a_page_gets_as_many_as_it_has_room_for(tmp_path: Path) -> None:
    """Of many on one subject each article keeps the closest few, never itself."""
    series = {
        f"江城二桥第{n}篇": "江城二桥主跨合龙，江城二桥主跨合龙。" + "桥" * n for n in range(12)
    }
    found = related(tmp_path, series)
    assert {len(others) for others in found.values()} == {MAX_RELATED}
    assert all(title not in others for title, others in found.items())
