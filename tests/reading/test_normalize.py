"""Front matter to columns: which key counts, and what stands in where none does."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import process_article

from clippings.models import Article, Conversion, Diagnostic, Image, ParsedArticle, ProcessedArticle
from clippings.reading.fields import opening
from clippings.reading.normalize import normalize_article, own_title

PATH = "新媒体/示例网/头条/文件名.md"
TEXT = Conversion("正文")


def normalized(
    front_matter: dict[str, Any], conversion: Conversion = TEXT, path: str = PATH
) -> tuple[Article, tuple[Diagnostic, ...]]:
    parsed = ParsedArticle(path, "0" * 64, "utf-8", front_matter, "")
    return normalize_article(parsed, conversion, conversion.markdown)


@pytest.mark.parametrize(
    ("front_matter", "markdown", "title"),
    [
        ({"title": "标题"}, "# 另一个", "标题"),
        ({"Title": "大写的键"}, "", "大写的键"),
        ({"title": "  两  行\n标题 "}, "", "两 行 标题"),
        ({"title": ""}, "引言\n\n## 第一个**标题** ##\n\n# 第二个", "第一个标题"),
        ({}, "下划线标题\n===\n\n正文", "下划线标题"),
        ({}, "没有标题的正文", "文件名"),
        ({}, "# \n\n- 列表\n- 列表", "文件名"),
        ({"headline": "别名"}, "", "别名"),
        ({"title": "Q&amp;A &#8211; Don&#8217;ts &copy &zzz;"}, "", "Q&A – Don’ts &copy &zzz;"),
    ],
)
def test_a_title_is_always_found(front_matter: dict[str, Any], markdown: str, title: str) -> None:
    """The front matter's title, else the first heading, else the file's name; on one line."""
    article, _ = normalized(front_matter, Conversion(markdown))
    assert article.title == title


def test_an_html_page_brings_its_title() -> None:
    """Where a page has no heading, its <title> is the title."""
    parsed = ParsedArticle(PATH, "", "utf-8", {}, "<html><title>页 &amp;\n题</title><p>正文")
    article, _ = normalize_article(parsed, TEXT, "正文")
    assert article.title == "页 & 题"


@pytest.mark.parametrize(
    ("path", "front_matter", "markdown", "title"),
    [
        ("a/ .md", {"title": " "}, "\n第一行\n第二行", "第一行"),
        ("a/.md", {}, "第一行", "第一行"),
        ("a/\u200b.md", {"title": "\u200b \ufeff"}, "第一行", "第一行"),
        ("a/关于/index.md", {}, "第一行", "关于"),
        ("a/___.md", {}, "字" * 200, "字" * 140 + "…"),
        ("a/ .md", {"categories": ["甲", "乙"], "date": "2022-01-11 10:00"}, "", "乙 2022-01-11"),
        (".md", {}, "", ".md"),
        ("2022-01-11-你好.md", {}, "正文", "你好"),
        ("2022-01-11.md", {}, "正文", "2022-01-11"),
    ],
)
def test_no_title_is_blank(
    path: str, front_matter: dict[str, Any], markdown: str, title: str
) -> None:
    """The opening, source and date, or at last the path stands in; a date before a name goes."""
    assert normalized(front_matter, Conversion(markdown), path)[0].title == title


def test_a_title_has_a_length() -> None:
    """What is cut off stays in the front matter."""
    article, notes = normalized({"title": "长" * 10_000})
    assert len(article.title) == 500
    assert "长" * 10_000 in article.front_matter
    assert [note.code for note in notes] == ["title-cut"]


@pytest.mark.parametrize(
    ("title", "name", "kept"),
    [
        ("快画完了", '"快画完了"', '"快画完了"'),
        ("We are", "'We are'", "'We are'"),
        ('"Under"', '"Under"', '"Under"'),
        ("SP", '"""\'SP\'"""', "SP"),
        ("别的", '"快画完了"', "别的"),
        ("快画完了", "快画完了", "快画完了"),
    ],
)
def test_quotes_of_the_files_name_are_the_titles(title: str, name: str, kept: str) -> None:
    """They were taken for YAML's; a name that is not the title's says nothing."""
    assert own_title(title, f"post/{name}.md") == kept


def split(second: str, author: str | None = None) -> tuple[str | None, ...]:
    front_matter = {"categories": ["甲", second], "author": author or second}
    article, _ = normalized(front_matter)
    return article.source, article.feed, article.author


def test_a_site_and_its_feed_are_two_levels() -> None:
    """Split at the first dash where the author is the second category, and only there."""
    assert split("站 - 社区 - 公告") == ("站", "社区 - 公告", "站")
    assert split("站 - [Naver](https://example.com)") == ("站", "Naver", "站")
    assert split("站 - ") == ("站", None, "站")
    assert split("站 - 频道", "别人") == ("站 - 频道", None, "别人")
    assert split("站-频道") == ("站-频道", None, "站-频道")
    three = normalized({"categories": ["甲", "站 - 频道", "丙"], "author": "站 - 频道"})[0]
    assert (three.source, three.feed) == ("站 - 频道", "丙")


def test_the_owner_may_leave_categories_as_they_are() -> None:
    """The setting is `split_categories`; a split is told of."""
    parsed = ParsedArticle(
        PATH, "", "utf-8", {"categories": ["甲", "站 - 频"], "author": "站 - 频"}, ""
    )
    article, notes = normalize_article(parsed, TEXT, "", split_categories=False)
    assert (article.source, article.feed, notes) == ("站 - 频", None, ())
    assert [note.code for note in normalize_article(parsed, TEXT, "")[1]] == ["categories-split"]


GENERATIONS = {
    "post/学习/{name}.md": "{title}|    - 学习\n    - 站 - 频道|站 - 频道|",
    'post/学习/站 - 频道/"""""""\'{name}\'""""""".md': (
        '"""""""\'{title}\'"""""""|    - 学习\n    - 站 - 频道|站 - 频道|\'\''
    ),
    "post/学习/站 - 频道/{name}.md": "'{title}'|    - 学习\n    - 站 - 频道|站 - 频道|''",
    "post/学习/站/频道/{name}.md": "'{title}'|    - 学习\n    - 站\n    - 频道\n|站|''",
}
TITLES = (
    "第{}话_ 开始",
    "“第{}话”",
    "第{}话\n\n   下",
    "#第{}话# 云",
    '"第{}话"',
    "第{}话：上\n时间：下",
)


def test_one_feed_of_twenty_texts_in_four_generations_is_twenty_articles() -> None:
    """Each text has one digest, title, section, source and feed in all of its files."""
    found: dict[int, list[Article]] = {}
    for number in range(20):
        title = TITLES[number % len(TITLES)].format(number)
        name = "".join(title.replace("“", "_").replace("”", "_").replace("#", "").split("\n"))
        for path, form in GENERATIONS.items():
            written, categories, author, picture = form.format(title=title).split("|")
            text = (
                f"\n---\ntitle: {written}\ncategories: \n{categories}\nauthor: {author}\n"
                f"comments: false\ndate: 2021-03-21 01:00:00\nthumbnail: {picture}\n---\n"
                f"\n<div>   <p>正文{number}</p>  </div>            "
            )
            outcome = process_article(path.format(name=name), text.encode())
            assert isinstance(outcome, ProcessedArticle)
            found.setdefault(number, []).append(outcome.article)
    assert len({article.digest for each in found.values() for article in each}) == 20
    for each in found.values():
        places = {(a.digest, a.title, a.section, a.source, a.feed, a.author) for a in each}
        assert len(places) == 1, [article.title for article in each]


def test_dates_stay_as_written() -> None:
    """The wall clock and the offset of the file, not those of any other zone."""
    article, notes = normalized({"date": "Tue, 11 Jan 2022 22:12:40 GMT", "lastmod": "2022-01-12"})
    assert (article.published, article.updated) == ("2022-01-11T22:12:40+00:00", "2022-01-12")
    assert notes == ()


def test_a_flag_is_no_date() -> None:
    """Jekyll's `published: true`; the file's name has the date."""
    article, notes = normalized({"published": "true"}, path="_posts/2022-01-11-a.md")
    assert (article.published, notes) == ("2022-01-11", ())
    assert normalized({"published": "2022-01-12"})[0].published == "2022-01-12"


def test_a_date_that_cannot_be_is_kept_and_told() -> None:
    """It is shown as written; database/rows.py gives it no day."""
    article, notes = normalized({"date": "Fri, 01 Jan 0900 00:00:00 GMT"})
    assert article.published == "0900-01-01T00:00:00+00:00"
    assert [note.code for note in notes] == ["date-suspect"]


def test_an_impossible_date_is_told() -> None:
    """The field is named with what it holds and how to write it."""
    article, notes = normalized({"date": "2022-02-30"})
    assert article.published is None
    assert [note.code for note in notes] == ["date-invalid"]
    assert "2022-02-30" in notes[0].message


@pytest.mark.parametrize(
    ("front_matter", "tags"),
    [
        ({"tags": "swift, iOS，教程"}, ("swift", "iOS", "教程")),
        ({"tags": ["a, b", "c", "c"]}, ("a, b", "c")),
        ({"keywords": ["只有关键词"]}, ("只有关键词",)),
        ({}, ()),
    ],
)
def test_tags_are_a_list_or_a_line(front_matter: dict[str, Any], tags: tuple[str, ...]) -> None:
    """A list's items are tags as they are; a string is cut at its commas."""
    assert normalized(front_matter)[0].tags == tags


def test_several_authors_are_one_line() -> None:
    """Lists of names and of mappings alike."""
    assert normalized({"authors": ["甲", "乙"]})[0].author == "甲, 乙"
    assert normalized({"author": [{"name": "丙"}]})[0].author == "丙"


@pytest.mark.parametrize(
    ("headimg", "image"),
    [
        ("https://example.com/a.jpg", "https://example.com/a.jpg"),
        ("https://picsum.photos/400/300?random=7", "https://example.com/body.jpg"),
        ("", "https://example.com/body.jpg"),
        ("/static/a.jpg", "/static/a.jpg"),
        ("javascript:alert(1)", "https://example.com/body.jpg"),
        (" java\tscript:alert(1)", "https://example.com/body.jpg"),
        ("data:image/png;base64,AAAA", "https://example.com/body.jpg"),
        ("https://example.com/p/undefined", "https://example.com/body.jpg"),
        ("https://example.com/a.jpg?a=1&amp;b=2", "https://example.com/a.jpg?a=1&b=2"),
    ],
)
def test_only_the_address_of_a_picture_is_one(headimg: str, image: str) -> None:
    """A random stand-in, a script and a picture's bytes give way to the body's first picture."""
    conversion = Conversion("", images=(Image("https://example.com/body.jpg", "", ""),))
    assert normalized({"headimg": headimg}, conversion)[0].image == image


def test_an_emoticon_leads_no_article() -> None:
    """`[鲜花]` is a picture of the text, and not the one that a list shows."""
    face, photo = "https://example.com/flower.png", "https://example.com/1.jpg"
    conversion = Conversion("", images=(Image(face, "[鲜花]", ""), Image(photo, "", "")))
    parsed = ParsedArticle("a.md", "", "utf-8", {"headimg": face}, f'<img src="{face}">')
    assert normalize_article(parsed, conversion, "")[0].image == photo


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/static/image/smiley/default/lol.gif",
        "https://example.com/images/core/emoji/13/72x72/1f600.png",
        "https://example.com/favicon.ico",
        "https://img.shields.io/badge/build-passing-green.svg",
        "https://www.zhihu.com/equation?tex=x",
        "https://latex.codecogs.com/gif.latex?x",
    ],
)
def test_what_is_no_photograph_leads_no_article(address: str) -> None:
    """Smileys, icons, badges and formulas, told by where they come from."""
    photo = "https://example.com/1.jpg"
    conversion = Conversion("", images=(Image(address, "", ""), Image(photo, "", "")))
    assert normalized({"headimg": address}, conversion)[0].image == photo


def test_an_icon_alone_leads_no_article() -> None:
    """Better no picture than the pixel that counts readers, or an emoticon."""
    pixel, face = "https://example.com/open.gif", "https://example.com/1.png"
    body = f'<p>文</p><img src="{pixel}" width="1" height="1">'
    parsed = ParsedArticle("a.md", "", "utf-8", {"headimg": pixel}, body)
    assert normalize_article(parsed, Conversion("文"), "文")[0].image is None
    conversion = Conversion("", images=(Image(face, "[鲜花]", ""),))
    assert normalized({"headimg": face}, conversion)[0].image is None


@pytest.mark.parametrize(
    "size",
    ['width="30" height="30"', 'style="height: 1em"', "width=48", "style='width: 1rem'"],
)
def test_an_icon_leads_no_article(size: str) -> None:
    """A picture that says it is as high as a line is none for a list."""
    icon, photo = "https://example.com/icon.png", "https://example.com/1.jpg"
    conversion = Conversion("", images=(Image(icon, "", ""), Image(photo, "", "")))
    body = f'<img {size} src="{icon}"><img width="640" src="{photo}">'
    parsed = ParsedArticle("a.md", "", "utf-8", {"headimg": icon}, body)
    assert normalize_article(parsed, conversion, "")[0].image == photo


def test_a_lazy_loaders_picture_is_none() -> None:
    """It is in the body as written, and none of the pictures that the body shows."""
    conversion = Conversion("", images=(Image("https://example.com/1.jpg", "", ""),))
    parsed = ParsedArticle(
        PATH, "", "utf-8", {"thumbnail": "/wait.gif"}, '<img src="/wait.gif" data-original="1.jpg">'
    )
    assert normalize_article(parsed, conversion, "")[0].image == "https://example.com/1.jpg"


def test_no_picture_is_none() -> None:
    """A placeholder alone is no lead picture at all."""
    assert normalized({"headimg": "https://picsum.photos/400/300"})[0].image is None


def test_only_an_absolute_address_is_where_it_came_from() -> None:
    """Hugo's `url: /path` and Hexo's `permalink: name` are places on a site of their own."""
    assert normalized({"url": "/path", "link": "https://example.com/1"})[0].url == (
        "https://example.com/1"
    )
    assert normalized({"permalink": "swift-option-sets"})[0].url is None


def test_the_summary_is_own_or_the_opening() -> None:
    """The front matter's summary, else how the text begins, cut at a fixed length."""
    assert normalized({"description": "摘要"})[0].summary == "摘要"
    assert normalized({}, Conversion("一\n二"))[0].summary == "一 二"
    assert opening("字" * 500) == "字" * 140 + "…"


def test_equal_texts_have_one_digest() -> None:
    """Title and Markdown make the digest; feed, author and date do not; an empty text is
    told apart by its date."""
    digest = normalized({"title": "同题"})[0].digest
    assert normalized({"title": "同题", "author": "别人", "date": "2020-01-01"})[0].digest == digest
    assert normalized({"title": "异题"})[0].digest != digest
    empty = Conversion("")
    daily = [
        normalized({"title": "早报", "date": day}, empty)[0].digest
        for day in ("2022-01-01", "2022-01-02")
    ]
    assert daily[0] != daily[1]
