"""How long readers wait while 20 visitors send the worst requests known, kind by kind.

    .venv/bin/python benchmarks/hostile_sql.py [clippings.db]

Serves the database (seeds/ is built where none is given) in a process of its own. Four readers ask
for its pages alone, then beside the attackers of each kind. Fails where their p95 is more than
five times that without. Some two minutes.
"""

from __future__ import annotations

import itertools
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

ROOT = Path(__file__).parents[1]
ATTACKERS = 20
SECONDS = 5.0
TIME_LIMIT = 2000
PATIENCE = 20.0
MOST_TIMES = 5
SITE = ("/", "/search?q=" + quote("雪"), "/archive", "/sources", "/clippings/articles")

COUNTING = "with recursive c(x) as (select 1 union all select x + 1 from c)"
MANY = "printf('%.*c', 4000000, 'a')"
DOUBLING = ", ".join(
    f"t{n} as not materialized (select a.x from t{n - 1} a, t{n - 1} b)" for n in range(1, 40)
)
NEAR = " ".join(f"a{n}" for n in range(3000))
QUERIES = (
    f"{COUNTING} select count(*) from c",
    f"{COUNTING} select x from c order by random()",
    f"{COUNTING} select zeroblob(4000000) from c",
    f"{COUNTING} select {', '.join('x as c' + str(n) for n in range(190))} from c",
    f"select {MANY} like '%' || printf('%.*c', 240, 'a') || 'b'",
    f"select instr({MANY}, printf('%.*c', 2000000, 'a') || 'b')",
    f"select replace({MANY}, 'a', {MANY})",
    f"with t0(x) as (select 1), {DOUBLING} select count(*) from t39",
)
PRINTF = f"select length(printf('{'%3999999d' * 240}'))"
EMOJI = "😀" * 200
TRIMMED = ", ".join(f"trim(x, e) as c{n}" for n in range(190))
TRIM = f"with t(x, e) as (select {MANY}, '{EMOJI}') select {TRIMMED} from t"
SNIPPET = "select search_snippet(a.markdown || b.markdown, '雪') from articles a, articles b"
SEARCH = " OR ".join(f"{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz的一是在有了")
TERMS = ",".join("的一是在有了")
KINDS: dict[str, list[dict[str, str]]] = {
    "SQL of all kinds": [{"sql": sql} for sql in QUERIES],
    "printf (1)": [{"sql": PRINTF}],
    "trim (2)": [{"sql": TRIM}],
    "search_snippet (2)": [{"sql": SNIPPET}],
    "raw search (2)": [{"_search": f"NEAR({NEAR}, 9)", "_searchmode": "raw"}],
    "another spelling (3)": [{"_stream": "on", "_size": "max"}],
    "exports (3)": [{}],
    "search (4)": [{"q": SEARCH}],
    "trends (4)": [{"q": TERMS}],
    "sitemap (4)": [{}],
    "facets": [{"_facet": "title", "_sort": "title"}],
}
"""A kind of attack, with its number in the issue that found it → parameters."""
PATHS = {
    "raw search (2)": "/clippings/articles",
    "another spelling (3)": "/~63lippings/articles.csv",
    "exports (3)": "/export/articles.jsonl",
    "search (4)": "/search",
    "trends (4)": "/trends",
    "sitemap (4)": "/sitemap-1.xml",
    "facets": "/clippings/articles",
}


def attacks(kind: str) -> Iterator[str]:
    """The addresses of a kind, each another: none is in a cache."""
    for parameters in itertools.cycle(KINDS[kind]):
        asked = {**parameters, "_z": str(random.random())}
        if "q" in asked:  # a page without what it does not read would be the same for all
            separator = next(mark for mark in (" OR ", ",") if mark in asked["q"])
            terms = asked["q"].split(separator)
            asked["q"] = separator.join(random.sample(terms, len(terms)))
        yield f"{PATHS.get(kind, '/clippings')}?{urlencode(asked)}"


def visit(port: int, kind: str | None, pause: float) -> tuple[list[float], Counter[str]]:
    """Ask for one address after another: seconds of each answer, how often each status came."""
    paths = attacks(kind) if kind else itertools.cycle(SITE)
    site = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    seconds, statuses, until = [], Counter[str](), time.monotonic() + SECONDS
    while (began := time.monotonic()) < until:
        statuses[status_of(site, next(paths))] += 1
        seconds.append(time.monotonic() - began)
        time.sleep(pause)
    return seconds, statuses


def status_of(site: HTTPConnection, path: str) -> str:
    """The status of an answer that is read to its end, or why there was none."""
    try:
        site.request("GET", path, headers={"accept-encoding": "gzip"})
        answer = site.getresponse()
        answer.read()
        return (
            status_of(site, answer.headers["location"])
            if answer.status == 302
            else str(answer.status)
        )
    except (HTTPException, OSError) as error:
        site.close()
        return type(error).__name__


def visitors(number: int, *about: Any) -> tuple[list[float], Counter[str]]:
    """What came of all visitors of one sort, who are the threads of a process of their own."""
    with ThreadPoolExecutor(number) as threads:
        results = list(threads.map(lambda _: visit(*about), range(number)))
    times = itertools.chain.from_iterable(seconds for seconds, _ in results)
    return sorted(times), sum((counted for _, counted in results), Counter[str]())


def measure(processes: Executor, port: int, kind: str | None) -> float:
    """Four readers, with attackers of a kind beside them. Returns the readers' p95 in seconds."""
    reading = processes.submit(visitors, 4, port, None, 0.05)
    attacking = processes.submit(visitors, ATTACKERS, port, kind, 0.02) if kind else None
    times, _ = reading.result()
    statuses = attacking.result()[1] if attacking else {}
    shown = {share: times[int(share * (len(times) - 1))] for share in (0.5, 0.95, 1.0)}
    print(
        f"{kind or 'nobody':22} readers {len(times) / SECONDS:6.1f}/s, median {shown[0.5]:.3f} s, "
        f"p95 {shown[0.95]:.3f} s, longest {shown[1.0]:.3f} s; attacks {dict(statuses)}",
        flush=True,
    )
    return shown[0.95]


def measure_all(port: int) -> bool:
    """Each kind; whether readers waited no more than MOST_TIMES as long."""
    times = {}
    with ProcessPoolExecutor(2) as processes:
        for kind in KINDS:  # each time anew: a machine is not as busy with others all the time
            alone = measure(processes, port, None)
            times[kind] = measure(processes, port, kind) / alone
    print("times the p95 without: " + ", ".join(f"{kind} {n:.1f}" for kind, n in times.items()))
    return max(times.values()) <= MOST_TIMES


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
        port = free.getsockname()[1]
        free.close()
        command = [sys.executable, "-m", "datasette", "serve", "-i", str(database)]
        command += ["-p", str(port)]
        for option, name in (("-m", "metadata.yml"), ("--plugins-dir", "plugins")):
            command += [option, str(ROOT / name)]
        command += ["--template-dir", str(ROOT / "templates"), "--static", f"static:{ROOT}/static"]
        command += ["--setting", "sql_time_limit_ms", str(TIME_LIMIT)]
        command += ["--setting", "suggest_facets", "off", "--setting", "num_sql_threads", "8"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as site:
            try:
                wait_for(port)
                is_bounded = measure_all(port)
                print(resident(site))
            finally:
                site.terminate()
        if not is_bounded:
            sys.exit(f"readers waited more than {MOST_TIMES} times as long")


def wait_for(port: int) -> None:
    """Until the site answers, and keeps what readers ask for."""
    site = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    for _ in range(600):
        if {status_of(site, path) for path in SITE} == {"200"}:
            return
        time.sleep(0.1)
    raise SystemExit("the site does not start")


if __name__ == "__main__":
    main()
