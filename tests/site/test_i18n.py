"""The words of the site: whole in every language, and said in the language of the reader."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
import yaml
from conftest import ROOT, Visitor
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from clippings.markdown.conversion import LOSSES
from clippings.reading.identity import path_id
from clippings.site.i18n import BETWEEN, LANGUAGES, accepted_language, translator

METADATA = yaml.safe_load((ROOT / "metadata.yml").read_text())
CODES = tuple(LANGUAGES)
OWN = {code: translator(code).strings for code in CODES}
SAID = re.compile(r"""\b(?:t|say)\(\s*["']([\w.]+)["']\s*[,)]""")
PREFIXED = re.compile(r"""\b(?:t|say)\(\s*["']([\w.]+\.)["']\s*\+""")


def placeholders(text: Any) -> set[str]:
    """The names of the values in a text, whatever its plural forms."""
    forms = text.values() if isinstance(text, dict) else text if isinstance(text, list) else [text]
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}


def test_every_language_has_every_word() -> None:
    """The files have the same keys, none is empty, and each text takes the same values."""
    for code in CODES:
        assert list(OWN[code]) == list(OWN["en"]), code
        for key, text in OWN[code].items():
            if key == "reports":  # English as it is
                continue
            assert text, (code, key)
            assert placeholders(text) <= placeholders(OWN["en"][key]) | {"n"}, (code, key)


@pytest.mark.parametrize("folder", ["templates", "plugins"])
def test_every_word_that_is_said_is_written(folder: str) -> None:
    """Each key that a template or a plugin names is in the files."""
    files = [*(ROOT / folder).glob("*.html"), *(ROOT / folder).glob("*.py")]
    for file in files:
        text = file.read_text()
        for key in SAID.findall(text):
            assert key in OWN["en"], (file.name, key)
        for prefix in PREFIXED.findall(text):
            assert any(key.startswith(prefix) for key in OWN["en"]), (file.name, prefix)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("search.label", "搜尋文章"),
        ("home.download", "下載整個資料庫"),
        ("about.archive.text", "一個資料夾的文章做成了一個資料庫"),
        ("table.rows", "{n} 列"),
        ("table.all_columns", "顯示全部欄"),
        ("table.searched", "搜尋「{text}」"),
        ("article.withheld_why", "典藏的主人"),
        ("trends.lead", "各時期談到某個話題的文章數"),
    ],
)
def test_traditional_has_the_words_of_taiwan(key: str, text: str) -> None:
    """Traditional is more than other characters: a row is 列 there, a column 欄, a file 檔案."""
    assert text in OWN["zh-Hant"][key]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "zh-Hans"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.5, zh;q=0.9", "zh-Hans"),
        ("zh;q=0, en", "en"),
        ("fr, de;q=0.5", "en"),
        ("fr, *;q=0.1", "zh-Hans"),
        ("zhuang", "en"),
    ],
)
def test_language_of_a_header(accepted: str | None, language: str) -> None:
    """The best of the languages that a browser states."""
    assert accepted_language(accepted) == language


@given(st.text())
def test_any_header_gives_a_language(accepted: str) -> None:
    """Whatever a browser sends, the reader gets one of the languages."""
    assert accepted_language(accepted) in LANGUAGES


@pytest.mark.parametrize(
    ("code", "iso", "date", "moment"),
    [
        ("zh-Hans", "2022-01-11T22:12:40+00:00", "2022年1月11日", "2022年1月11日 22:12"),
        ("en", "2022-01-11T22:12:40", "11 January 2022", "11 January 2022 22:12"),
        ("zh-Hant", "2022-01", "2022年1月", "2022年1月"),
        ("en", "2022", "2022", "2022"),
        ("en", "2022-01-11T00:00:00", "11 January 2022", "11 January 2022"),
        ("en", None, "", ""),
        ("en", "soon", "soon", "soon"),
        ("en", "2022-13-01", "2022-13-01", "2022-13-01"),
    ],
)
def test_dates_in_the_form_of_the_language(
    code: str, iso: str | None, date: str, moment: str
) -> None:
    """A date goes as far as it is known; what is none stays as it is."""
    say = translator(code)
    assert (say.date(iso), say.moment(iso)) == (date, moment)


def test_counts_in_the_form_of_the_language() -> None:
    """Thousands are set apart, and English knows one from many."""
    assert translator("en")("articles", 1) == "1 article"
    assert translator("en")("articles", 12345) == "12,345 articles"
    assert translator("zh-Hans")("articles", 1) == "1 篇文章"


def test_language_by_header_switch_and_cookie(site: Visitor) -> None:
    """The browser's language is spoken until the switch is used; then a cookie keeps the choice."""
    english = {"accept-language": "en"}
    assert site.page("/archive", headers=english).xpath("string(//h1)") == "By date"
    switched = site.get("/archive?_lang=zh-Hans", headers=english)
    assert html.fromstring(switched.text).xpath("string(//h1)") == "按日期"
    assert switched.headers["set-cookie"].startswith("clippings_lang=zh-Hans; Path=/")
    kept = site.page("/archive", headers=english, cookies={"clippings_lang": "zh-Hans"})
    assert kept.get("lang") == "zh-Hans"
    both = site.page("/archive?_lang=zh-Hant", headers=english, cookies={"clippings_lang": "en"})
    assert both.get("lang") == "zh-Hant"
    other = site.page("/archive?_lang=xx", headers=english, cookies={"clippings_lang": "zh-Hans"})
    assert other.get("lang") == "zh-Hans"
    assert "Accept-Language" in switched.headers["vary"]
    assert "set-cookie" not in site.get("/archive?_lang=<script>").headers


def test_switch_keeps_what_the_page_shows(site: Visitor) -> None:
    """The links of the language switch keep the rest of the address."""
    links = site.page("/year/2022?view=list&_theme=dark").xpath("//a[@hreflang='en']/@href")
    assert links == ["http://localhost/year/2022?view=list&_lang=en"]


def test_theme_by_switch_and_cookie(site: Visitor) -> None:
    """The theme follows the device until it is chosen; the choice is kept."""
    assert site.page("/").get("data-theme") == "auto"
    chosen = site.get("/?_theme=dark")
    assert "clippings_theme=dark" in chosen.headers["set-cookie"]
    assert site.page("/", cookies={"clippings_theme": "dark"}).get("data-theme") == "dark"
    assert site.page("/", cookies={"clippings_theme": "pink"}).get("data-theme") == "auto"


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("文章 · Articles", "文章", "Articles"),
        ("Nur eine Sprache", "Nur eine Sprache", "Nur eine Sprache"),
        ("a · b · c", "a · b · c", "a · b · c"),
        ("", "", ""),
        (None, None, None),
    ],
)
def test_text_in_two_languages(text: str | None, chinese: str | None, english: str | None) -> None:
    """Of a text of metadata.yml in two languages the reader sees one; any other stays whole."""
    assert translator("zh-Hans").pick(text) == chinese
    assert translator("en").pick(text) == english


def test_metadata_is_traditional_too() -> None:
    """Of a text in two languages; one that has only one is the owner's, and stays as it is."""
    t = translator("zh-Hant")
    assert t.pick("每篇文章一行 · One row per article") == "每篇文章一列"
    assert t.pick("我们的档案") == "我们的档案"


def test_every_text_of_metadata_has_both_languages() -> None:
    """Each title and description, of columns too, is one Chinese and one English text."""
    (about,) = METADATA["databases"].values()
    described = [METADATA, about, *about["tables"].values(), *about["queries"].values()]
    texts = [each[key] for each in described for key in ("title", "description") if key in each]
    texts += [text for table in about["tables"].values() for text in table["columns"].values()]
    for text in texts:
        chinese, english = text.split(BETWEEN)
        assert re.search(r"[\u4e00-\u9fff]", chinese) or chinese.isascii(), text
        assert not re.search(r"[\u4e00-\u9fff]", english), text


TABLES = (
    "/clippings",
    "/clippings/articles?source=示例日报&title__contains=桥&_sort=day",
    "/clippings/links",
    "/clippings/articles_of_a_source?source=示例日报&first_day=2022-01-01&last_day=",
    "/clippings/search?q=彗星",
    f"/clippings/images/{path_id('000_659bfe29844f7466.txt')},1",
)


@pytest.mark.parametrize("path", TABLES)
def test_tables_speak_one_language(site: Visitor, path: str) -> None:
    """On Datasette's pages too a reader meets one language, but for SQL and what is in the data."""
    said = {}
    for code in ("zh-Hans", "en"):
        page = html.fromstring(site.get(path, headers={"accept-language": code}).text)
        for theirs in page.xpath(
            "//td | //pre | //textarea | //code | //script | //style | //header | //aside//li"
            " | //p[@class='exports']/a | //p[@class='hints' and a[contains(@href, '?')]]"
        ):
            theirs.drop_tree()
        said[code] = page.xpath("string(//title)") + page.xpath("string(//main)")
    english = set(re.findall(r"[A-Za-z]{2,}", said["zh-Hans"])) - {"SQL", "SQLite", "JSON", "CSV"}
    assert english <= {
        "www",
        "clippings",
        "db",
        "kB",
        "MB",
        "source",
        "date",
        "BCP",
        "Lines",  # of JSON
        "Markdown",
        "Parquet",
        *("BibTeX", "CSL", "Excel", "RIS"),
        "SHA",
        "select",
    }
    assert set(re.findall(r"[\u4e00-\u9fff]+", said["en"])) <= {"示例日报", "桥"}


def test_site_is_called_what_metadata_says(site: Visitor) -> None:
    """The title and description of metadata.yml, in the reader's language, head every page."""
    for code in ("zh-Hans", "en"):
        page = site.page(f"/?_lang={code}")
        name, tagline = (translator(code).pick(METADATA[key]) for key in ("title", "description"))
        assert page.xpath("string(//title)") == f"{name} · {tagline}"
        assert page.xpath("string(//h1)") == tagline
        assert str(name) in page.xpath("string(//a[@class='site-name'])")


def test_reports_are_said_in_chinese(site: Visitor) -> None:
    """Whatever the build can report of an article's text, and did, has a Chinese sentence."""
    (repaired, *_) = site.rows("select article, code from diagnostics where article is not null")
    said = OWN["zh-Hans"]["reports"]
    assert {*LOSSES, repaired["code"]} <= said.keys()
    page = site.page(f"/clippings/articles/{repaired['article']}?_lang=zh-Hans")
    assert said[repaired["code"]] in page.xpath("string(//section[@class='about'])")
    english = site.page(f"/clippings/articles/{repaired['article']}?_lang=en")
    assert repaired["code"] in english.xpath("string(//section[@class='about'])")


FORMATS = ("Atom", "CSV", "Feed", "JSON", "OPML", "llms", "sitemap", "txt", "xml")
CHINESE_PAGES = (
    "/ /about /archive /sources /year/2022 /month/2022-01 /day/2022-01-11 /undated /nothing"
)


@pytest.mark.parametrize("path", CHINESE_PAGES.split())
def test_chinese_reader_meets_no_english_word_of_ours(site: Visitor, path: str) -> None:
    """Beside names and texts of articles, a Chinese page has no Latin word but proper names."""
    response = site.get(f"{path}?_lang=zh-Hans")
    page = html.fromstring(response.text)
    for theirs in page.xpath(
        "//article | //ul[@class='chips'] | //dl[@class='feeds'] | //script | //style"
        " | //*[@hreflang]"
    ):
        theirs.drop_tree()
    words = set(re.findall(r"[A-Za-z]{2,}", page.text_content()))
    words |= set(
        re.findall(r"[A-Za-z]{2,}", " ".join(page.xpath("//@aria-label | //@placeholder")))
    )
    assert words <= {"Datasette", "SQL", *FORMATS}
