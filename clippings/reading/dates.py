"""Dates as articles write them become ISO 8601.

A date is read by the first rule of `DATES` that matches; what is left of the
text must be a time of day and a zone, or nothing. The clock stays as written:
an offset is kept when the text states one and is never applied.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone

from clippings.models import Diagnostic

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
# RFC 2822 section 4.3, and the zones of the archive's part of the world.
_ZONES = {
    name: offset
    for offset, names in {
        "+00:00": "z ut utc gmt",
        "-04:00": "edt",
        "-05:00": "est cdt",
        "-06:00": "cst mdt",
        "-07:00": "mst pdt",
        "-08:00": "pst",
        "+01:00": "cet bst",
        "+02:00": "cest",
        "+08:00": "hkt",
        "+09:00": "jst kst",
    }.items()
    for name in names.split()
}
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867, "民国": 1911}
_ERAS["民國"] = _ERAS["民国"]
_DIGITS = {digit: str(value) for value, digit in enumerate("〇一二三四五六七八九")} | {"零": "0"}

_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"

DATES = tuple(
    re.compile(rule)
    for rule in (
        rf"{_YEAR}(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?!\d)",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?=$|[ t]|\d{4}(?:\d\d)?$)",
        rf"{_YEAR}[年년] ?(?P<month>\d{{1,2}})[月월] ?(?P<day>\d{{1,2}})[日号號일]?",
        rf"(?P<era>{'|'.join(_ERAS)}) ?(?P<year>\d{{1,3}}|元)年 ?(?P<month>\d{{1,2}}) ?月"
        r" ?(?P<day>\d{1,2}) ?日?",
        rf"{_DAY}[ -]?{_MONTH}[ -]?(?P<year>\d{{4}}|\d{{2,3}}(?![\d:]))",
        rf"{_MONTH} ?{_DAY},? {_YEAR}",
        rf"{_MONTH} {_DAY} (?P<clock>{_CLOCK}(?: [a-z]{{1,5}})?) {_YEAR}",
        rf"{_YEAR} ?{_MONTH} ?{_DAY}(?!:)",
        rf"{_YEAR}\. ?(?P<month>\d{{1,2}})\. ?(?P<day>\d{{1,2}})\.?",
    )
)
_TIME = re.compile(
    r"(?:t|at |,)? *(?:(?P<half>[ap]m|上午|下午|凌晨|早上|中午|晚上|午前|午後|오전|오후) *)?"
    r"(?P<hour>\d{1,2})(?:[:时時点點시] *(?P<minute>\d{1,2})?(?:[:分분] *(?P<second>\d{1,2})"
    r"(?:[.,]\d+)?[秒초]?)?[分분]?|(?P<minute2>\d\d)(?P<second2>\d\d)?)"
    r" *(?P<half2>[ap]\.?m\.?)? *(?P<zone>.*)"
)
# After an offset Go names the zone, or writes the offset again, and its monotonic clock.
_OFFSET = re.compile(
    r"(?:gmt|utc)? ?([+-])(\d{1,2}):?(\d\d)?(?: (?:[a-z]{2,5}|[+-]\d{2,4}))?(?: m=[+-][\d.]+)?"
)
_FIRST_YEAR, _LAST_YEAR = "1000", "2099"
_EPOCH_MONTH = "1970-01"
_MOST_DAYS = 730  # without an article before a last day that is a slip
_WEEKDAY = re.compile(
    r"\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b[.,]*|(?:星期|礼拜|禮拜|周|週)[一二三四五六日天]"
    r"|[月火水木金土日]曜日?|[월화수목금토일]요일|\([^()]*\)"
)
_LATER = {"pm", "下午", "晚上", "午後", "오후"}
_EPOCH = re.compile(r"\d{10}|\d{13}")


def parse_date(text: str, is_chinese: bool = False) -> str | None:
    """Read a date: `YYYY-MM-DD`, then `THH:MM[:SS]` and `±HH:MM` where the text states them.

    None for what is no date of the calendar (`2022-02-30`, `25:00`), for what
    cannot be told without a clock ("yesterday") or without knowing the country
    (`01/02/2022`). Zones: RFC 2822; a zone that is not known is dropped; CST is China's
    where the text `is_chinese`.
    """
    text = _plain(text)
    if _EPOCH.fullmatch(text):
        seconds = int(text[:10])
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
    for rule in DATES:
        if match := rule.match(text):
            found = match.groupdict()
            rest = (found.get("clock") or "") + text[match.end() :]
            day, clock = _day(found), _clock(rest.strip(" ,"), is_chinese)
            return None if day is None or clock is None else day + clock
    return None


def _plain(text: str) -> str:
    """Bring a date to ASCII digits and signs, lower case, without the day of the week."""
    text = unicodedata.normalize("NFKC", text[:200]).lower().strip(" \t\n'\"")
    text = _WEEKDAY.sub(" ", text)
    text = re.sub(r"[〇零一二三四五六七八九十廿]+(?=[年月日号號时時点點分秒])", _number, text)
    return re.sub(r"\s+(?=[年月日号號时時点點分秒년월일시분초]|$)", "", " ".join(text.split()))


def _number(match: re.Match[str]) -> str:
    """Turn Chinese numerals into digits: 二〇二二 by place, 二十一 by value."""
    digits = match[0].replace("廿", "二十")
    if "十" not in digits:
        return "".join(_DIGITS[digit] for digit in digits)
    tens, _, units = digits.partition("十")
    return _DIGITS.get(tens, "1") + _DIGITS.get(units, "0")


def _day(found: dict[str, str | None]) -> str | None:
    year_text, month, day = found["year"] or "", found["month"] or "", found["day"] or ""
    year = 1 if year_text == "元" else int(year_text)
    if era := found.get("era"):
        year += _ERAS[era]
    elif len(year_text) == 2:  # RFC 2822: 00–49 are of this century, 50–99 of the last
        year += 2000 if year < 50 else 1900
    elif len(year_text) == 3:  # and three digits count from 1900
        year += 1900
    try:
        return date(
            year, _MONTHS.index(month) + 1 if month in _MONTHS else int(month), int(day)
        ).isoformat()
    except ValueError:
        return None


def _clock(rest: str, is_chinese: bool) -> str | None:
    """Read what follows the date; None when it is no time of day."""
    if not rest:
        return ""
    match = _TIME.fullmatch(rest)
    if not match:
        return None
    hour = int(match["hour"])
    half = (match["half"] or match["half2"] or "").replace(".", "")
    if half in _LATER and hour < 12:
        hour += 12
    elif half in ("am", "上午", "午前", "오전", "凌晨") and hour == 12:
        hour = 0
    minute, second = match["minute"] or match["minute2"], match["second"] or match["second2"]
    if hour > 23 or int(minute or 0) > 59 or int(second or 0) > 60:
        return None
    clock = f"T{hour:02}:{int(minute or 0):02}"
    if second:
        clock += f":{min(int(second), 59):02}"  # RFC 2822 allows a leap second, SQLite does not
    zone = _zone(match["zone"], is_chinese)
    return None if zone is None else clock + zone


def _zone(text: str, is_chinese: bool) -> str | None:
    """Read a zone; "" for one that is not known, None for what is no zone."""
    text = text.strip()
    if match := _OFFSET.fullmatch(text):
        sign, hours, minutes = match[1], int(match[2]), int(match[3] or 0)
        return f"{sign}{hours:02}:{minutes:02}" if hours < 24 and minutes < 60 else None
    if is_chinese and text == "cst":
        return "+08:00"
    if not text or re.fullmatch(r"[a-z]{1,5}|[a-z]+/[a-z_]+", text):
        return _ZONES.get(text, "")
    return None


def day_of(published: str | None) -> str | None:
    """Return the day of an ISO 8601 date; None for none, and for a year that cannot be."""
    is_possible = published and _FIRST_YEAR <= published[:4] <= _LAST_YEAR
    return published[:10] if published and is_possible else None


def earliest(dates: Iterable[str]) -> str | None:
    """Return the earliest of the dates that files state of one article; of January 1970, and of a
    year that cannot be, only if there is no other."""
    return min(
        dates, key=lambda date: (not day_of(date), date[:7] == _EPOCH_MONTH, date), default=None
    )


def suspect_days(articles: Mapping[str, int]) -> frozenset[str]:
    """Return the days of a whole archive that cannot be; `articles` is day → number of articles.

    In January 1970 lies what has no date (0), and what was given in seconds where milliseconds
    were read; it counts as such where no article is of the months around. A last day more than
    two years after all others is a slip where at most one article in a hundred is so late.
    """
    known = sorted(articles)
    around = [day for day in known if day[:7] in ("1969-12", "1970-02")]
    suspect = [] if around else [day for day in known if day[:7] == _EPOCH_MONTH]
    rest = [day for day in known if day not in suspect]
    few = sum(articles.values()) // 100
    end = len(rest)
    for position in range(len(rest) - 1, 0, -1):
        few -= articles[rest[position]]
        before, after = map(date.fromisoformat, rest[position - 1 : position + 1])
        if few >= 0 and (after - before).days > _MOST_DAYS:
            end = position
    return frozenset(suspect + rest[end:])


def suspect_date(date: str) -> Diagnostic:
    """Return what is said of a date that cannot be: alone, or among all others of the archive."""
    message = f"{date[:10]} cannot be; it is shown as written and counts for no day or span"
    return Diagnostic("warning", "normalize", "date-suspect", message)
