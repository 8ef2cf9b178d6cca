"""Tables that have been in a spreadsheet program are read where they are certain, and refused where not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.tables import Row, load_tables, read_rows

HEADER = "key,period,value,unit,basis,source,as_of,note"
ROW = 'revenue,FY2018,"174,915",CNY m,reported,年报 annual report,2019/3/19,'
PLAIN = "revenue,FY2018,174915,CNY m,reported,年报 annual report,2019-03-19,"


def table(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "history.csv"
    path.write_bytes(data)
    return path


def plain_row(tmp_path: Path) -> Row:
    (row,) = read_rows(table(tmp_path, f"{HEADER}\n{PLAIN}\n".encode()))
    return row


def with_separator(separator: str) -> str:
    cells = ["revenue", "FY2018", "174915", "CNY m", "reported", "年报 annual report", "2019/3/19", ""]
    return f"{HEADER.replace(',', separator)}\n{separator.join(cells)}\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_row_is_the_same_in_every_encoding_that_says_what_it_is(tmp_path: Path, encoding: str) -> None:
    expected = plain_row(tmp_path)
    assert read_rows(table(tmp_path, f"{HEADER}\r\n{ROW}\r\n".encode(encoding))) == (expected,)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_semicolons_and_tabs_part_columns_too(tmp_path: Path, separator: str) -> None:
    expected = plain_row(tmp_path)
    assert read_rows(table(tmp_path, with_separator(separator).encode())) == (expected,)


def test_empty_columns_and_rows_behind_the_last_are_no_columns_and_rows(tmp_path: Path) -> None:
    expected = plain_row(tmp_path)
    data = f"{HEADER},,,\n{ROW},,,\n{',' * 10}\n".encode()
    assert read_rows(table(tmp_path, data)) == (expected,)


@pytest.mark.parametrize(
    ("value", "unit", "number"),
    [
        ('"114,620"', "CNY m", 114_620.0),
        ('"1,234,567.5"', "CNY m", 1_234_567.5),
        ("12.5%", "ratio", 0.125),
        ("-0.3 %", "ratio", -0.003),
        ("7%", "ratio", 0.07),
        (" 42 ", "units", 42.0),
    ],
)
def test_numbers_as_a_spreadsheet_shows_them_are_numbers(
    tmp_path: Path, value: str, unit: str, number: float
) -> None:
    data = f"{HEADER}\ncapex,FY2018,{value},{unit},reported,report,2019-03-19,\n"
    (row,) = read_rows(table(tmp_path, data.encode()))
    assert row.number == number


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "capex;FY2018;114,620;CNY m;reported;report;2019-03-19;",
            "history.csv line 2 value '114,620' must be",
        ),
        (
            "capex;FY2018;1;CNY m;reported;report;3/19/2019;",
            "history.csv line 2 as_of '3/19/2019' must be a date",
        ),
        (
            "capex;FY2018;1;CNY m;reported;report;2019/2/30;",
            "history.csv line 2 as_of '2019/2/30' must be a date",
        ),
        (
            "capex;FY2018;5%;years;reported;report;2019-03-19;",
            "history.csv line 2 value '5%' must be a finite",
        ),
        ("capex;FY2018;11,46;CNY m;reported;report;2019-03-19;", "history.csv line 2 value '11,46' must be"),
    ],
)
def test_what_can_mean_two_things_is_refused(tmp_path: Path, line: str, message: str) -> None:
    data = f"{HEADER.replace(',', ';')}\n{line}\n"
    with pytest.raises(InputError, match=re.escape(message)):
        read_rows(table(tmp_path, data.encode()))


def test_bytes_that_are_no_utf_8_and_no_chinese_are_refused_with_the_way_out(tmp_path: Path) -> None:
    data = f"{HEADER}\nrevenue,FY2018,1,CNY m,reported,café là,2019-03-19,\n".encode("cp1252")
    with pytest.raises(InputError, match=r"must be UTF-8 text: save it as .CSV UTF-8"):
        read_rows(table(tmp_path, data))


def test_all_bad_rows_are_named_at_once(tmp_path: Path) -> None:
    lines = [f"capex,FY201{year},x{year},CNY m,reported,report,2019-03-19," for year in range(5)]
    with pytest.raises(InputError) as caught:
        read_rows(table(tmp_path, "\n".join((HEADER, *lines, "")).encode()))
    assert str(caught.value).startswith("history.csv line 2 value 'x0' must be a finite number")
    for year in range(1, 5):
        assert f"history.csv line {year + 2} value 'x{year}'" in str(caught.value)


def saved_by_excel(text: str) -> str:
    """Dates with slashes and without noughts, thousands with commas, as a Chinese Excel saves them."""

    def date(match: re.Match[str]) -> str:
        return f",{int(match[1])}/{int(match[2])}/{int(match[3])},"

    text = re.sub(r",(\d{4})-(\d{2})-(\d{2}),", date, text)
    return re.sub(r",(\d{4,}),(?=[A-Za-z])", lambda match: f',"{int(match[1]):,}",', text)


@pytest.mark.parametrize(
    "saved",
    [
        lambda text: saved_by_excel(text).encode("utf-16"),
        lambda text: saved_by_excel(text).encode("utf-8-sig"),
    ],
)
def test_the_history_saved_once_by_excel_is_the_same_history(
    folder: Path, saved: Callable[[str], bytes]
) -> None:
    before = load_tables(folder).history
    path = folder / "inputs" / "history.csv"
    text = path.read_text(encoding="utf-8")
    path.write_bytes(saved(text))
    assert path.read_bytes() != text.encode()
    after = load_tables(folder).history
    assert [(row.key, row.period, row.value, row.as_of) for row in after] == [
        (row.key, row.period, row.value, row.as_of) for row in before
    ]
