"""How many times faster than stock markdownify? `python benchmarks/conversion.py`.

Both convert the same bodies in turn, in one run and one process; what counts is CPU time. The
ratio is printed with its spread over the rounds. html2text, html-to-markdown (Rust), turbohtml (C)
and turndown (Node) stand beside it for context where they are installed; stock markdownify parses
with html.parser, its default.
"""

from __future__ import annotations

import gc
import json
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import click
import markdownify

from clippings.markdown.conversion import to_markdown
from clippings.markdown.converter import Converter
from clippings.markdown.guard import lost_text
from clippings.markdown.tree import Document
from fidelity import CORPUS, case_bodies, corpus_bodies

_TURNDOWN = """
const service = new (require("turndown"))();
const bodies = JSON.parse(require("fs").readFileSync(0, "utf8"));
const start = process.cpuUsage();
for (const body of bodies) service.turndown(body);
const used = process.cpuUsage(start);
console.log((used.user + used.system) / 1e6);
"""


@click.command()
@click.option("--rounds", default=7, help="How often each converter goes through all bodies.")
def main(rounds: int) -> None:
    """Print seconds for all bodies, and the ratio to stock markdownify with its spread."""
    bodies = [body for _, body in (corpus_bodies() if CORPUS.is_dir() else case_bodies())]
    size = sum(len(body.encode()) for body in bodies) / 1e6
    print(f"{len(bodies)} bodies, {size:.1f} MB, {rounds} rounds, seconds of CPU time")
    ratios, ours, stock = [], [], []
    for _ in range(rounds):
        stock.append(_seconds(markdownify.markdownify, bodies))
        ours.append(_seconds(to_markdown, bodies))
        ratios.append(stock[-1] / ours[-1])
    print(f"  {'markdownify (html.parser)':<28}{min(stock):7.3f}")
    print(f"  {'clippings, guard included':<28}{min(ours):7.3f}")
    print(f"  {'its guard alone':<28}{_guard_seconds(bodies):7.3f}")
    for name, function in (("html2text", "html2text"), ("html_to_markdown", "convert")):
        if find_spec(name):
            convert = getattr(import_module(name), function)
            print(f"  {name:<28}{_seconds(convert, bodies):7.3f}")
        else:
            print(f"  {name:<28}not installed")
    if find_spec("turbohtml"):
        turbo = import_module("turbohtml")
        seconds = _seconds(lambda body: turbo.parse(body).to_markdown(), bodies)
        print(f"  {'turbohtml':<28}{seconds:7.3f}")
    else:
        print(f"  {'turbohtml':<28}not installed")
    print(f"  {'turndown':<28}{_turndown_seconds(bodies)}")
    ordered = sorted(ratios)
    print(
        f"{statistics.median(ratios):.2f} times as fast as stock markdownify"
        f" (median; {ordered[0]:.2f} to {ordered[-1]:.2f});"
        f" best rounds: {min(stock) / min(ours):.2f}"
    )


def _seconds(convert: Callable[[str], object], bodies: list[str]) -> float:
    gc.collect()  # no converter pays for what the one before left
    start = time.process_time()
    for body in bodies:
        convert(body)
    return time.process_time() - start


def _guard_seconds(bodies: list[str]) -> float:
    spent = 0.0
    for body in bodies:
        root = Document(body).root
        markdown = Converter().process_tag(root)
        start = time.process_time()
        lost_text(root, markdown)
        spent += time.process_time() - start
    return spent


def _turndown_seconds(bodies: list[str]) -> str:
    node = shutil.which("node")
    if node is None:
        return "not installed"
    run = subprocess.run(
        [node, "-e", _TURNDOWN], input=json.dumps(bodies), capture_output=True, text=True
    )
    return f"{float(run.stdout):7.3f}" if run.returncode == 0 else "not installed"


if __name__ == "__main__":
    main()
