#!/usr/bin/env python3
"""How long the pages of the site take: `python benchmarks/pages.py clippings.db`.

Prints the median and the 95th percentile in milliseconds of each kind of page, asked one after
the other without a network, and for the article page what it costs besides rendering Markdown.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import quote

import yaml
from datasette.app import Datasette

from clippings.markdown.rendering import render_html

ROOT = Path(__file__).parents[1]
SAMPLES = 60


async def measure(site: Datasette, paths: list[str]) -> list[float]:
    """Milliseconds of each path, the first asked once before to warm up."""
    await site.client.get(paths[0])
    taken = []
    for path in paths:
        began = time.perf_counter()
        response = await site.client.get(path)
        taken.append(1000 * (time.perf_counter() - began))
        assert response.status_code == 200, (path, response.status_code)
    return taken


def rendering(bodies: list[str]) -> list[float]:
    """Milliseconds that rendering each body takes."""
    taken = []
    for body in bodies:
        began = time.perf_counter()
        render_html(body)
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def show(name: str, taken: list[float]) -> None:
    """One line of the table."""
    highest = statistics.quantiles(taken, n=20)[18]
    print(f"{name:24} {statistics.median(taken):8.1f} {highest:8.1f}")


async def main(database: Path) -> None:
    """Measure the pages of a database."""
    site = Datasette(
        immutables=[str(database)],
        metadata=yaml.safe_load((ROOT / "metadata.yml").read_text()),
        plugins_dir=str(ROOT / "plugins"),
        template_dir=str(ROOT / "templates"),
        static_mounts=[("static", str(ROOT / "static"))],
        settings={"suggest_facets": False},
    )
    await site.invoke_startup()
    db = sqlite3.connect(database)
    articles = db.execute(
        "select id, markdown from articles order by digest limit ?", [SAMPLES]
    ).fetchall()
    (source,) = db.execute(
        "select source from articles group by source order by count(*) desc limit 1"
    ).fetchone()
    (day,) = db.execute("select max(day) from articles").fetchone()
    print(f"{'page':24} {'median':>8} {'95th':>8}   ms")
    pages = await measure(site, [f"/clippings/articles/{key}" for key, _ in articles])
    show("article", pages)
    rest = zip(pages, rendering([body for _, body in articles]), strict=True)
    show("article, not rendering", [page - render for page, render in rest])
    for name, path in (
        ("home", "/"),
        ("archive", "/archive"),
        ("names", "/sources"),
        ("largest source", f"/source/{quote(source or '', safe='')}"),
        ("day", f"/day/{day}"),
        ("year", f"/year/{day[:4]}"),
        ("table", "/clippings/articles"),
    ):
        show(name, await measure(site, [path] * 20))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
