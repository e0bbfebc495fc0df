"""Dates keep the day and the clock that were written."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clippings.reading.dates import day_of, parse_date, suspect_days

# as written → as kept
DATES = """
Tue, 11 Jan 2022 22:12:40 GMT           → 2022-01-11T22:12:40+00:00
11 Jan 2022 22:12:40 +0800              → 2022-01-11T22:12:40+08:00
Tue, 11 Jan 22 22:12 EST                → 2022-01-11T22:12-05:00
Tue,11 Jan 99 22:12 UT                  → 1999-01-11T22:12+00:00
Tue, 1 Feb 2022 09:05:00 +0800 (CST)    → 2022-02-01T09:05:00+08:00
Tue, 11 Jan 2022 22:12:40 XYZ           → 2022-01-11T22:12:40
2022-01-11                              → 2022-01-11
2022-1-1                                → 2022-01-01
2022-01-11 22:12                        → 2022-01-11T22:12
2022-01-11 22:12:40                     → 2022-01-11T22:12:40
2022-01-11T22:12:40Z                    → 2022-01-11T22:12:40+00:00
2022-01-11t22:12:40.123456+08:00        → 2022-01-11T22:12:40+08:00
2022-01-11 22:12:40 -0400               → 2022-01-11T22:12:40-04:00
2022-01-11 22:12:40 UTC+8               → 2022-01-11T22:12:40+08:00
2022-01-11 22:12:40 Asia/Shanghai       → 2022-01-11T22:12:40
2022-01-11T22:12:60Z                    → 2022-01-11T22:12:59+00:00
20220111                                → 2022-01-11
20220111T221240Z                        → 2022-01-11T22:12:40+00:00
20220111221240                          → 2022-01-11T22:12:40
202201112212                            → 2022-01-11T22:12
2022/01/11                              → 2022-01-11
2022/1/11 9:05:07                       → 2022-01-11T09:05:07
2022.01.11                              → 2022-01-11
2022. 1. 11.                            → 2022-01-11
2022年1月11日                            → 2022-01-11
2022年1月11日 22:12                      → 2022-01-11T22:12
2022年01月11日22:12:40                   → 2022-01-11T22:12:40
2022 年 1 月 11 日 22 时 12 分 40 秒       → 2022-01-11T22:12:40
2022年1月11日 下午3:05                    → 2022-01-11T15:05
2022年1月11日 上午12:05                   → 2022-01-11T00:05
2022年1月11日 星期二 晚上8点              → 2022-01-11T20:00
2022年1月11日（周二）22:12               → 2022-01-11T22:12
2022年1月11号                            → 2022-01-11
二〇二二年一月十一日                     → 2022-01-11
二零二二年十二月三十一日                 → 2022-12-31
２０２２年１月１１日　２２：１２           → 2022-01-11T22:12
２０２２／０１／１１                       → 2022-01-11
令和4年1月11日                           → 2022-01-11
令和元年5月1日                           → 2019-05-01
2022年1月11日(火) 22時12分               → 2022-01-11T22:12
民國111年1月11日                         → 2022-01-11
2022년 1월 11일                          → 2022-01-11
2022년 1월 11일 오후 3시 5분             → 2022-01-11T15:05
January 11, 2022                        → 2022-01-11
Jan 11th, 2022 3:04 PM                  → 2022-01-11T15:04
January 11, 2022 at 12:04 a.m.          → 2022-01-11T00:04
11 January 2022                         → 2022-01-11
11-Jan-2022                             → 2022-01-11
Sept. 3, 2022                           → 2022-09-03
Tuesday, January 11, 2022               → 2022-01-11
Tue Jan 11 22:12:40 2022                → 2022-01-11T22:12:40
Tue Jan 11 22:12:40 PST 2022            → 2022-01-11T22:12:40-08:00
Tue Jan 11 2022 22:12:40 GMT+0800 (中国标准时间) → 2022-01-11T22:12:40+08:00
1641910360                              → 2022-01-11T14:12:40+00:00
1641910360123                           → 2022-01-11T14:12:40+00:00
0099-01-01                              → 0099-01-01
2020-02-29                              → 2020-02-29
2015-01-01 10:00:00 +0800 CST           → 2015-01-01T10:00:00+08:00
2015-01-01 10:00:00.5 -0700 -0700       → 2015-01-01T10:00:00-07:00
2015-01-01 10:00:00 +0000 UTC m=+0.0001 → 2015-01-01T10:00:00+00:00
2015-01-01 10:00:00 CST                 → 2015-01-01T10:00:00-06:00
"""

NO_DATES = """
2022-02-30
2021-02-29
2022-13-01
2022-00-10
2022-01-11 25:00
2022-01-11 22:61
2022-01-11 13:00 +99:00
2022年13月1日
31 Feb 2022
0000-01-01
令和4年13月1日
01/02/2022
yesterday
昨天
3 小时前
{{ date }}
2022
22:12
v2022-01-11
2022-01-11-12
2022-01-11 and so on
20221311
1.2.3
"""


def pairs() -> list[tuple[str, str]]:
    lines = DATES.strip().split("\n")
    return [(line.split("→")[0].strip(), line.split("→")[1].strip()) for line in lines]


@pytest.mark.parametrize(("written", "kept"), pairs())
def test_date(written: str, kept: str) -> None:
    """Each way of writing a date gives its day, its clock and its offset, unshifted."""
    assert parse_date(written) == kept


@pytest.mark.parametrize("written", NO_DATES.strip().split("\n"))
def test_no_date(written: str) -> None:
    """Impossible days, relative words and ambiguous orders are no date."""
    assert parse_date(written) is None


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2049, 12, 31), timezones=OFFSETS)


@given(MOMENTS)
def test_rfc_2822_and_iso_8601_agree(moment: datetime) -> None:
    """Any moment reads the same from a mail header, from ISO 8601 and from Chinese."""
    moment = moment.replace(microsecond=0)
    kept = moment.isoformat()
    assert parse_date(format_datetime(moment)) == kept
    assert parse_date(kept) == kept
    clock = f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M:%S%z}"
    assert parse_date(clock) == kept


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    """Nothing raises, and what is read is a date of the calendar."""
    if read := parse_date(text):
        datetime.fromisoformat(read)


def test_cst_is_chinas_in_a_chinese_text() -> None:
    """Other zones are the same in any text."""
    assert parse_date("2015-01-01 10:00 CST", is_chinese=True) == "2015-01-01T10:00+08:00"
    assert parse_date("2015-01-01 10:00 EST", is_chinese=True) == "2015-01-01T10:00-05:00"


def test_a_year_in_which_nothing_appeared_has_no_day() -> None:
    """The date itself stays."""
    written = ("0900-01-01T00:00", "2100-01-01", None, "1450-01-01", "2099-12-31T10:00")
    assert [day_of(each) for each in written] == [None, None, None, "1450-01-01", "2099-12-31"]


SUSPECT = {
    "seconds taken for milliseconds": (["1970-01-20"], ["1950-12-31", "2021-03-21", "2022-01-11"]),
    "no date at all": (["1970-01-01"], ["2022-01-11"]),
    "an archive of those years": ([], ["1969-12-30", "1970-01-02", "1970-02-01"]),
    "far after the newest": (["2031-05-01", "2099-01-01"], ["2021-03-21", "2022-01-11"]),
    "soon after the newest": ([], ["2021-03-21", "2022-01-11", "2023-12-01"]),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("suspect", "others"), SUSPECT.values(), ids=SUSPECT)
def test_days_that_cannot_be_stand_alone(suspect: list[str], others: list[str]) -> None:
    """One article on a suspect day, a thousand on each of the others."""
    days = {day: 1 if day in suspect else 1000 for day in suspect + others}
    assert suspect_days(days) == set(suspect)


def test_a_late_day_of_a_small_archive_is_none_to_suspect() -> None:
    """Ten articles are too few to tell."""
    assert suspect_days({"2001-01-01": 9, "2022-01-11": 1}) == set()
