"""How the site answers while 20 visitors send the worst queries known.

    .venv/bin/python benchmarks/hostile_sql.py [clippings.db]

Serves the database (seeds/ is built where none is given) in a process of its own, reads its
pages for some seconds alone, then while the queries come, and prints both. Under 90 seconds.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx

ROOT = Path(__file__).parents[1]
ATTACKERS = 20
SECONDS_ALONE = 5.0
SECONDS_ATTACKED = 25.0
TIME_LIMIT = 2000
PATIENCE = 12.0
SITE = ("/", "/search?q=雪", "/archive", "/sources", "/clippings/articles")

COUNTING = "with recursive c(x) as (select 1 union all select x + 1 from c)"
MANY = "printf('%.*c', 4000000, 'a')"
DOUBLING = ", ".join(
    f"t{n} as not materialized (select a.x from t{n - 1} a, t{n - 1} b)" for n in range(1, 40)
)
WORST = {
    "endless recursion": f"{COUNTING} select count(*) from c",
    "cross join": f"{COUNTING[:-1]} limit 99999) select count(*) from c a, c b where a.x > b.x",
    "sort without end": f"{COUNTING} select x from c order by random()",
    "large blobs": f"{COUNTING} select zeroblob(4000000) from c",
    "wide rows": f"{COUNTING} select {', '.join('x as c' + str(n) for n in range(190))} from c",
    "huge text": "select length(printf('%.*c', 900000000, 'x'))",
    "huge concatenation": f"{COUNTING} select group_concat(printf('%.*c', 9999, 'a')) from c",
    "LIKE": f"select {MANY} like '%' || printf('%.*c', 240, 'a') || 'b'",
    "GLOB": f"select {MANY} glob '*[' || printf('%.*c', 240, 'b') || ']'",
    "instr": f"select instr({MANY}, printf('%.*c', 2000000, 'a') || 'b')",
    "replace": f"select replace({MANY}, 'a', {MANY})",
    "tables that double": f"with t0(x) as (select 1), {DOUBLING} select count(*) from t39",
    "facets of everything": "",
}


def address(name: str) -> str:
    """The query that a name of WORST stands for."""
    if WORST[name]:
        return "/clippings?" + urlencode({"sql": WORST[name]})
    facets = [("_facet", column) for column in ("markdown", "front_matter", "summary", "title")]
    return "/clippings/articles?" + urlencode([*facets, ("markdown__like", "%a%b%c%d%e%f%")])


async def visit(
    client: httpx.AsyncClient, paths: Iterator[str], until: float, pause: float
) -> tuple[list[float], Counter[str]]:
    """Ask for one path after another: seconds of each answer, and how often each status came."""
    seconds, statuses = [], Counter[str]()
    while time.monotonic() < until:
        began = time.monotonic()
        status = await status_of(client, next(paths))
        seconds.append(time.monotonic() - began)
        statuses[status] += 1
        await asyncio.sleep(pause)
    return seconds, statuses


async def status_of(client: httpx.AsyncClient, path: str) -> str:
    """The status of an answer, or why there was none."""
    try:
        return str((await client.get(path)).status_code)
    except httpx.HTTPError as error:
        return type(error).__name__


async def measure(site: str, attackers: int, seconds: float) -> None:
    """Four readers, with some attackers beside them, for some seconds."""
    until = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=site, timeout=PATIENCE) as client:
        worst = itertools.cycle(address(name) for name in WORST)
        readers = [visit(client, itertools.cycle(SITE), until, 0.05) for _ in range(4)]
        attacks = [visit(client, worst, until, 0.02) for _ in range(attackers)]
        results = await asyncio.gather(*readers, *attacks)
    for name, part in (("pages", results[:4]), ("attacks", results[4:])):
        times = sorted(itertools.chain.from_iterable(seconds for seconds, _ in part))
        if times:
            statuses = sum((counted for _, counted in part), Counter[str]())
            shown = {share: times[int(share * (len(times) - 1))] for share in (0.5, 0.95, 1.0)}
            print(
                f"{attackers:2} attackers, {name:7}: {len(times) / seconds:6.1f}/s, median "
                f"{shown[0.5]:.3f} s, p95 {shown[0.95]:.3f} s, longest {shown[1.0]:.3f} s, "
                f"{dict(statuses)}"
            )


async def each_alone(site: str) -> None:
    """How long each of the worst takes by itself."""
    async with httpx.AsyncClient(base_url=site, timeout=PATIENCE) as client:
        for name in WORST:
            began = time.monotonic()
            status = await status_of(client, address(name))
            print(f"{name:22} {status} {time.monotonic() - began:6.2f} s")


def resident(process: subprocess.Popen[bytes]) -> str:
    """The most memory that a process has had, as Linux tells it."""
    status = Path(f"/proc/{process.pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((line for line in lines if line.startswith("VmHWM")), "VmHWM: unknown")


def main() -> None:
    """Build, serve, measure, stop."""
    with tempfile.TemporaryDirectory() as temporary, socket.socket() as free:
        database = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary) / "clippings.db"
        if len(sys.argv) < 2:
            build = [sys.executable, str(ROOT / "build_db.py"), "-q", "-o", str(database)]
            subprocess.run(build, check=True)
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        command = [sys.executable, "-m", "datasette", "serve", "-i", str(database), "-p", port]
        for option, name in (("-m", "metadata.yml"), ("--plugins-dir", "plugins")):
            command += [option, str(ROOT / name)]
        command += ["--template-dir", str(ROOT / "templates"), "--static", f"static:{ROOT}/static"]
        command += ["--setting", "sql_time_limit_ms", str(TIME_LIMIT)]
        command += ["--setting", "suggest_facets", "off", "--setting", "num_sql_threads", "8"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as site:
            try:
                where = f"http://127.0.0.1:{port}"
                wait_for(where)
                asyncio.run(each_alone(where))
                asyncio.run(measure(where, 0, SECONDS_ALONE))
                asyncio.run(measure(where, ATTACKERS, SECONDS_ATTACKED))
                print(resident(site))
            finally:
                site.terminate()


def wait_for(site: str) -> None:
    """Until the site answers."""
    for _ in range(200):
        try:
            httpx.get(site)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the site does not start")


if __name__ == "__main__":
    main()
