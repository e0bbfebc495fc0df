"""The language of a text is that of its reader."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clippings.reading.language import _SCRIPT_OF_CLASS, _SCRIPTS, _classes, _han, detect

TEXTS = (
    ("zh-Hans", "两国代表谈了近八个小时，一致认为核战争打不赢也打不得。"),
    ("zh-Hant", "兩國代表談了近八個小時，一致認為核戰爭打不贏也打不得。"),
    ("zh-Hant", "我哋喺香港食咗飯，跟住去睇戲。"),
    ("ja", "両国の代表は八時間近く話し合い、核戦争に勝者はいないと述べた。"),
    ("ja", "東京都議会議員選挙開票速報について"),
    ("ko", "두 나라 대표는 여덟 시간 가까이 이야기하고 승자가 없다고 했다."),
    ("th", "ผู้แทนของทั้งสองประเทศพูดคุยกันเกือบแปดชั่วโมง"),
    ("ru", "Представители двух стран говорили почти восемь часов."),
    ("uk", "Представники двох країн говорили майже вісім годин і її не переконали."),
    ("en", "The delegates of both countries talked for nearly eight hours in the city."),
    ("pt", "Os representantes dos dois países conversaram por quase oito horas na cidade."),
    ("es", "Los representantes de los dos países hablaron casi ocho horas en la ciudad."),
    ("fr", "Les représentants des deux pays ont parlé près de huit heures dans la ville."),
    ("de", "Die Vertreter der beiden Länder sprachen fast acht Stunden mit der Presse."),
    ("it", "I rappresentanti dei due paesi hanno parlato per quasi otto ore con la stampa."),
    (
        "nb",
        "Representantene for de to landene snakket i nesten åtte timer, og ble ikke enige om det.",
    ),
    ("ca", "Els representants dels dos països van parlar gairebé vuit hores amb la premsa."),
    ("ro", "Reprezentanții celor două țări au vorbit aproape opt ore și nu s-au înțeles în oraș."),
    ("bg", "Представителите на двете държави разговаряха почти осем часа в града."),
    ("ru", "Въезд в город открыт, объявил представитель, и жители были этому рады."),
    ("sv", "Företrädarna för de båda länderna talade i nästan åtta timmar och var inte överens."),
    ("nb", "Slik installerer du programmet på din egen maskin. Først må du laste ned filen."),
    (
        "da",
        "Repræsentanterne for de to lande talte i næsten otte timer og blev ikke enige.",
    ),
    ("fi", "Maiden edustajat puhuivat lähes kahdeksan tuntia, mutta sopua ei ole vielä."),
    ("cs", "Zástupci obou zemí mluvili osm hodin, ale na ničem se nedohodli a jednání je u konce."),
    ("hu", "A két ország képviselői nyolc órán át tárgyaltak, de nem jutottak el az egyezségig."),
    ("ar", "تحدث ممثلو البلدين قرابة ثماني ساعات في المدينة"),
)

DECLARED = (
    ("zh-CN", "zh-Hans"),
    ("zh_TW", "zh-Hant"),
    ("zh-Hant-HK", "zh-Hant"),
    ("ZH-hans", "zh-Hans"),
    ("cn", "zh-Hans"),
    ("jp", "ja"),
    ("EN-us", "en-US"),
    ("pt_BR", "pt-BR"),
    ("sr-latn-rs", "sr-Latn-RS"),
)


@pytest.mark.parametrize(("language", "text"), TEXTS)
def test_text(language: str, text: str) -> None:
    """One sentence is enough."""
    assert detect(text) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-Hans", "那天他在信里只抄了一句话：“The world is all that is the case.” 没有别的字。"),
        ("zh-Hans", "在日语里，“ありがとう”是谢谢的意思，这句话旅行时用得最多，别的可以慢慢学。"),
        ("zh-Hant", "使用 Python 的 asyncio 開發 web application 時，需要注意 event loop 的問題。"),
        ("zh-Hans", "public static void main(String[] args) { run(a, b); } 以上就是代码，很简单。"),
        ("ja", "Pythonのasyncioでweb applicationを開発するときはevent loopに注意。"),
        ("en", "The word 新闻 means news, and it is one of the first words that you learn."),
    ],
)
def test_mixed_text_goes_by_its_main_script(language: str, text: str) -> None:
    """A quotation or a term in another language does not change the language of the article."""
    assert detect(text) == language


def test_markup_is_in_no_language() -> None:
    """Tags, addresses and code count for nothing."""
    text = '<div class="the and of"><a href="https://example.org/the/of">核战争</a></div>'
    assert detect(text) == "zh-Hans"
    assert detect("```\nfor the in of and to\n```\n这段程序只有一行。") == "zh-Hans"


@pytest.mark.parametrize(
    "code",
    [
        "```\n{}\n```",
        "````md\n```\n{}\n```\n````",
        "~~~ python\n{}\n~~~",
        "\n    {}\n",
        "\n\t{}\n",
        "`{}`",
        "[图](/the/of/in/and/to/{})",
    ],
)
def test_code_does_not_decide(code: str) -> None:
    """An article of code with a few sentences is in the language of its sentences."""
    lines = (
        "for the_value in list_of_values and to_be_is: return the_value_of_it  # with the and of"
    )
    text = "安装\n\n" + code.format(lines.replace(" ", "_") if "](" in code else lines) + "\n\n"
    assert detect(text * 20 + "先装好，再运行。") == "zh-Hans"


@pytest.mark.parametrize(
    "text",
    [
        "Release 2.0 as beta: do update, no OS config, see example.com/o/e",
        "npm install com os as no do",
        "e o a: os.path, com.example.app, do_it, no-op",
        "Oscar de la Renta, Leonardo da Vinci, Rio de Janeiro",
        "macOS / iOS / watchOS, no as-is",
    ],
)
def test_technical_words_are_no_portuguese(text: str) -> None:
    """Names, domains and what is short in code are English at most."""
    assert detect(text) in (None, "en")


@pytest.mark.parametrize(("declared", "language"), DECLARED)
def test_a_declared_language_wins(declared: str, language: str) -> None:
    """A plausible tag is written the usual way and believed."""
    assert detect("The text is in English and it is short.", declared) == language


@pytest.mark.parametrize("declared", ["", "Chinese (simplified)", "und", "1", "中文", "x" * 40])
def test_an_implausible_declaration_is_passed_over(declared: str) -> None:
    """What is no language tag leaves the word to the text."""
    assert detect("The text is in English and it is short.", declared) == "en"


def test_plain_chinese_is_told_apart_by_the_text() -> None:
    """`zh` alone does not say which script; the text does."""
    assert detect(TEXTS[0][1], "zh") == "zh-Hans"
    assert detect(TEXTS[1][1], "zh") == "zh-Hant"


@pytest.mark.parametrize(
    "text", ["", "2022-01-11 22:12", "https://example.org/", "…！？", "IDA 8.0"]
)
def test_nothing_to_tell_by(text: str) -> None:
    """Numbers, signs and a name or two have no language."""
    assert detect(text) is None


@given(st.text(max_size=200), st.one_of(st.none(), st.text(max_size=20)))
def test_any_text(text: str, declared: str | None) -> None:
    """Nothing raises, and an answer has the shape of a tag."""
    language = detect(text, declared)
    assert language is None or language.replace("-", "").isalnum()


def test_each_character_counts_for_its_script() -> None:
    """What is looked up in a table is what Unicode and OpenCC say of each character, and the
    same when it is looked up again."""
    text = "".join(map(chr, (*range(0x3000), *range(0x3400, 0x12000), *range(0x20000, 0x20100))))
    for _ in range(2):
        scripts = [_SCRIPT_OF_CLASS[number] for number in _classes(text)]
        assert scripts == [_script(character) for character in text]
    assert (_han(_classes("国國")), _han(_classes("國")), _han(_classes("国"))) == (
        "zh-Hans",
        "zh-Hant",
        "zh-Hans",
    )
    assert _classes("") == b""


def _script(letter: str) -> str | None:
    name = unicodedata.name(letter, "").split(" ")[0]
    return _SCRIPTS.get(name) if letter.isalpha() else None
