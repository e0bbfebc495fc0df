"""Whatever one query of a stranger does, nobody else notices."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from conftest import ROOT, SQL, Visitor
from datasette.plugins import pm
from test_error_pages import ask

from clippings.site.sql_worker import Answer, Query, SqlWorker

VECTORS = ROOT.parent / "shared" / "vectors" / "sql.jsonl"


COUNTING = "with recursive c(x) as (select 1 union all select x + 1 from c)"
DOUBLING = ", ".join(
    f"t{n} as not materialized (select a.x from t{n - 1} a, t{n - 1} b)" for n in range(1, 40)
)
TRIMMED = ", ".join(f"trim(hex(zeroblob(999999)), '{'😀' * 200}b') as c{n}" for n in range(190))
NEAR = " ".join(f"a{n}" for n in range(3000))
WORST = {
    "time, between two steps": f"{COUNTING} select count(*) from c",
    "time, a sort": f"{COUNTING} select x from c order by random()",
    "time, one step": f"select {TRIMMED}",
    "time, while it is prepared": f"with t0(x) as (select 1), {DOUBLING} select count(*) from t39",
    "time, a function of ours": "select max(search_snippet(a.markdown || b.markdown, '雪')) "
    "from articles a, articles b, articles c",
    "memory, widths of printf": f"select length(printf('{'%3999999d' * 240}'))",
    "memory, one value": "select length(printf('%.*c', 900000000, 'x'))",
    "memory, a growing text": "with recursive c(x) as (select 'a' union all select x || x from c)"
    " select max(length(x)) from c",
    "result, large": f"{COUNTING} select zeroblob(1000000) from c",
    "result, wide": f"{COUNTING} select {', '.join('x as c' + str(n) for n in range(190))} from c",
    "index": f"select count(*) from articles_fts where articles_fts match 'NEAR({NEAR}, 9)'",
}


@pytest.mark.parametrize("name", WORST)
def test_worst_queries_end(site: Visitor, name: str) -> None:
    """Each is answered 400 with a sentence soon after its time limit, and the next query at once;
    but what its machine does within the limit."""
    began = time.monotonic()
    asked = urlencode({"sql": WORST[name], "_timelimit": "500"})
    status, _, body = ask(site, f"{SQL}.json?{asked}")
    took = time.monotonic() - began
    assert (status, bool(json.loads(body).get("error"))) == (400, True) or name == "index", body
    assert took < 15
    began = time.monotonic()
    assert ask(site, f"{SQL}.json?sql=select+1")[0] == 200
    assert time.monotonic() - began < 5


def test_raw_search_runs_in_the_worker(site: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a condition in SQL, a ready query, and a filter that is longer than any name."""
    asked: list[str] = []
    run = SqlWorker._run

    def listening(worker: SqlWorker, query: Query) -> Answer:
        asked.append(query.sql)
        return run(worker, query)

    monkeypatch.setattr(SqlWorker, "_run", listening)
    for address in (
        "/clippings/articles?_search=雪&_searchmode=raw",
        "/clippings/articles?_where=1=1",
        f"/clippings/articles?title__contains={'a' * 300}",
        "/clippings/search?q=雪",
    ):
        assert ask(site, address)[0] == 200, address
        assert asked, address
        asked.clear()
    for address in ("/clippings/articles?_search=雪&_facet=source", "/clippings/articles", "/"):
        assert ask(site, address)[0] == 200
        assert not asked, address


def test_rows_are_those_of_datasette(site: Visitor) -> None:
    """Types, names that stand twice or are odd, and parameters come through unchanged."""
    sql = """select 1 as a, 2 as a, 'x' as "b""c", x'00ff' as d, null, 1.5, :v as "é [1]" """
    assert sql
    worker = site.datasette.get_database("clippings").snapshot.worker
    columns, rows, is_truncated = asyncio.run(worker.run(Query(sql, {"v": "雪"}, 5, 1.0)))
    assert columns == ["a", "a", 'b"c', "d", "null", "1.5", "é [1]"]
    assert (rows, is_truncated) == ([(1, 2, "x", b"\0\xff", None, 1.5, "雪")], False)
    path = f"{SQL}.json?_shape=objects&{urlencode({'sql': 'select :v as v, 2 as w', 'v': '雪'})}"
    assert json.loads(ask(site, path)[2])["rows"] == [{"v": "雪", "w": 2}]


PLUGIN = """
from datasette import hookimpl

@hookimpl
def prepare_connection(conn, datasette):
    conn.create_function("shout", 1, lambda text: text + datasette.plugin_config("shout")["mark"])
"""


def test_functions_of_other_plugins_are_there(site: Visitor, tmp_path: Path) -> None:
    """What an owner adds to SQL, strangers may call; it is configured as in the site."""
    (tmp_path / "shout.py").write_text(PLUGIN)
    metadata = {"plugins": {"shout": {"mark": "!"}}}
    other = type(site.datasette)([], plugins_dir=str(tmp_path), metadata=metadata)
    pm.unregister(name="shout.py")
    path = site.datasette.get_database("clippings").path
    with closing(SqlWorker(other, path, lambda: True)) as worker:
        answer = asyncio.run(worker.run(Query("select shout('a')", (), None, 1.0)))
    assert answer.rows == [("a!",)]


def test_worker_that_is_killed_is_replaced(site: Visitor) -> None:
    """Whoever kills it, the next query has a new one."""
    worker = site.datasette.get_database("clippings").snapshot.worker
    assert ask(site, f"{SQL}.json?sql=select+1")[0] == 200
    worker._process.kill()
    worker._process.join()
    statuses = [ask(site, f"{SQL}.json?sql=select+{n}")[0] for n in range(3)]
    assert statuses[1:] == [200, 200]


def test_worker_dies_with_the_site(site: Visitor) -> None:
    """A site that is killed leaves no process behind, even while a query runs."""
    path = site.datasette.get_database("clippings").path
    program = (
        "import asyncio, sys\n"
        "from datasette.app import Datasette\n"
        "from clippings.site.sql_worker import Query, SqlWorker\n"
        "worker = SqlWorker(Datasette([]), sys.argv[1], lambda: True)\n"
        "asyncio.run(worker.run(Query('select 1', (), 1, 1.0)))\n"
        "print(worker._process.pid, flush=True)\n"
        "asyncio.run(worker.run(Query(sys.argv[2], (), 1, 1.0)))\n"
    )
    command = [sys.executable, "-c", program, path, WORST["time, between two steps"]]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            break  # nobody is there to reap it
        time.sleep(0.1)
    else:
        pytest.fail("the worker goes on")


def test_published_queries_get_an_answer(site: Visitor) -> None:
    """Every query of the vectors ends, as a page and as JSON, in what it may get."""
    if not VECTORS.exists():
        pytest.skip("../shared/vectors does not stand beside this checkout")
    statuses: dict[str, int] = {}
    for line in VECTORS.read_text().splitlines():
        vector = json.loads(line)
        for suffix in ("", ".json"):
            parameters = urlencode({"sql": vector["sql"], "_timelimit": "300"})
            statuses[vector["expect"]], _, _ = ask(site, f"{SQL}{suffix}?{parameters}")
            assert statuses[vector["expect"]] in {200, 400, 403}, vector["sql"][:200]
    assert statuses["refused"] == statuses["readonly"] == statuses["timeout"] == 400


SCRIPT = """
import asyncio, sys
from pathlib import Path
from datasette.app import Datasette

async def main():
    datasette = Datasette([], config_dir=Path(sys.argv[1]))
    await datasette.invoke_startup()
    answer = await datasette.client.get(sys.argv[2] + "?sql=select+41%2B1")
    print(answer.status_code, "42" in answer.text)

asyncio.run(main())
"""


def test_a_script_need_not_ask_whether_it_is_main(site: Visitor, tmp_path: Path) -> None:
    """A program that serves the archive as it is run is not run again in the worker, and ends."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    folder = Path(site.datasette.get_database("clippings").path).parent
    command = [sys.executable, str(script), str(folder), SQL + ".json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.split() == ["200", "True"], done.stderr
