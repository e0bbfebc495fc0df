"""Does the time stay in proportion, whatever the input? `python benchmarks/growth.py`.

Each hostile input is converted at a size and at twice that size. The table shows both times,
how many times longer the second took (2.5 is the most that counts as linear here; times below
0.05 s count as that), how much
longer the Markdown is than its input, and whether each letter of the text came through.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable

import click

from clippings.markdown.conversion import to_markdown
from clippings.markdown.rendering import plain_text

MOST = 2.5

# Name → how to make the input of a size, and the full size.
HOSTILE: dict[str, tuple[Callable[[int], str], int]] = {
    **{
        f"nested {tag}": (lambda n, t=tag: f"<{t}>文" * n + f"</{t}>" * n, 100_000)  # type: ignore[misc]
        for tag in ("div", "span", "blockquote", "ul", "ol", "table", "b", "a", "details", "sup")
    },
    "nested ul li": (lambda n: "<ul><li>文" * n, 100_000),
    "nested pre": (lambda n: "<pre>" * n + "文", 100_000),
    "nested figure": (lambda n: "<figure><img src=x><figcaption>文" * n, 20_000),
    "void tags": (lambda n: "<p>" + "文<wbr><embed src=x>" * n, 50_000),
    "players without end": (lambda n: "<video src=x><source src=y>文" * n, 50_000),
    "lazy pictures": (lambda n: "<img src=x><noscript><img src=x></noscript>文" * n, 50_000),
    "sources of a picture": (
        lambda n: "<picture>" + "<source srcset='data:x'><img src='data:x'>文" * n,
        20_000,
    ),
    "numbers beside code": (
        lambda n: "<div>" + "<i class=lineno>1</i>文" * n + "</div><pre>码</pre>",
        50_000,
    ),
    "unclosed p li td font": (lambda n: "<p>文<li>字<td>表<font>体" * n, 5_000),
    "paragraphs": (lambda n: "<p>一段文字。</p>\n" * n, 700_000),
    "br": (lambda n: "文<br>" * n, 200_000),
    "one long line": (lambda n: f"<p>{'一二三四五六，' * n}</p>", 1_700_000),
    "entities without end": (lambda n: "&#" * n + "&amp" * n, 200_000),
    "broken nesting": (lambda n: "<b><i>文</b><p>字</i></div>" * n, 50_000),
    "marks side by side": (lambda n: "<b>粗：</b><i>（斜）</i>" * n, 50_000),
    "marks in marks": (lambda n: "<b>a<i>b" * 80 + "<p>文</p>" * n, 50_000),
    "nul and surrogates": (lambda n: "<p>\0文\ud800字\udfff</p>" * n, 100_000),
    "a table of 1,000 columns": (lambda n: "<table><tr>" + "<td>文" * 1000 * n + "</table>", 50),
    "rows of 1,000 columns": (lambda n: f"<table>{('<tr>' + '<td>文' * 1000) * n}</table>", 50),
    "spans": (lambda n: "<table>" + "<tr><td colspan=999 rowspan=999>文" * n + "</table>", 20_000),
    "attributes": (lambda n: f"<p {' '.join(f'a{i}=1' for i in range(n))}>文</p>字", 100_000),
    "attributes with > and <": (
        lambda n: "<p " + " ".join(f'a{i}="<>"' for i in range(n)) + ">文</p>字",
        100_000,
    ),
    "title without end": (lambda n: "<p>前</p>" + "<title>文" * n, 100_000),
    "textarea without end": (lambda n: "<p>前</p>" + "<textarea>文" * n, 100_000),
    "comment without end": (lambda n: "<p>前</p>" + "<!-- 文" * n, 100_000),
    "tags without end": (lambda n: "<p>前</p>" + "<a 文" * n, 100_000),
    "links": (lambda n: "<a href='x(y'>文[</a>" * n, 50_000),
    "brackets": (lambda n: "<p>" + "[文](" * n, 200_000),
    "backticks": (lambda n: "<p>" + "".join("`" * (i % 99) + "文" for i in range(n)), 50_000),
    "code": (lambda n: "<code>`文`</code>" * n, 50_000),
    "lists side by side": (lambda n: "<ul><li>文</ul>" * n, 50_000),
    "empty lines in code": (lambda n: "<blockquote><pre>文" + "\n" * n + "字</pre>", 500_000),
    "Markdown: backticks": (lambda n: "".join("`" * (i % 99) + "文" for i in range(n)), 50_000),
    "Markdown: open tags": (lambda n: "# 题\n\n" + "<table>文\n" * n, 20_000),
    "Markdown: brackets": (lambda n: "# 题\n\n" + "[文" * n + "](x)", 200_000),
    "Markdown: links in a bracket": (lambda n: "See 文 [1: " + "[a](http://u) " * n, 20_000),
    "Markdown: spaces in a target": (lambda n: "# 文\n\n[a](" + " " * n, 1_000_000),
    "code without end": (lambda n: "<p><code>文 <pre>文 " * n, 50_000),
    "tags in code": (lambda n: "<pre>" + "List<T> 文 <b> " * n + "</pre>", 50_000),
    "scripts without end": (lambda n: "<p>文</p>" + "<script>i<n;" * n, 50_000),
    "escaped HTML in code": (lambda n: "<pre>" + "&lt;p&gt;文" * n + "</pre>", 50_000),
    "items side by side": (lambda n: "<li>文" * n, 50_000),
    "Markdown: Hexo tags": (lambda n: "# 题\n\n" + "{% 文 {{ <img " * n, 100_000),
}


def letters(text: str) -> Counter[str]:
    """How often each Chinese character occurs."""
    return Counter(re.findall(r"[\u4e00-\u9fff]", text))


@click.command()
@click.option("--scale", default=1.0, help="Share of the full size, as 0.1 for a quick look.")
@click.option("--only", default="", help="Only inputs whose name holds this.")
def main(scale: float, only: str) -> None:
    """Print the table; exit 1 if something grows, loses text or outgrows its input."""
    failed = []
    print(f"{'input':<28}{'megabytes':>10}{'seconds':>9}{'twice':>8}{'growth':>8}{'size':>7}  text")
    for name, (make, full) in HOSTILE.items():
        if only not in name:
            continue
        size = max(2, int(full * scale) // 2)
        once, _ = _timed(make(size))
        source = make(size * 2)
        twice, markdown = _timed(source)
        growth, longer = twice / max(once, 0.05), len(markdown) / len(source)
        kept = not letters(source) - letters(plain_text(markdown))
        megabytes = len(source.encode("utf-8", "replace")) / 1e6
        print(
            f"{name:<28}{megabytes:>10.1f}{once:>9.2f}{twice:>8.2f}{growth:>8.2f}{longer:>7.2f}"
            f"  {'kept' if kept else 'LOST'}"
        )
        if growth > MOST or longer > 4 or not kept:
            failed.append(name)
    if failed:
        raise SystemExit("Not linear, too long or text lost: " + ", ".join(failed))


def _timed(source: str) -> tuple[float, str]:
    """The best of three runs in seconds of CPU time (of one, if it is long), and the Markdown."""
    best = float("inf")
    for _ in range(3):
        if 2 < best < float("inf"):
            break
        start = time.process_time()
        markdown = to_markdown(source).markdown
        best = min(best, time.process_time() - start)
    return best, markdown


if __name__ == "__main__":
    main()
