"""A company is a folder: what company.toml and parameters.csv may say, and what is refused."""

import shutil
from pathlib import Path

import pytest

import xlwings_addin as xa
from xlwings_addin.core.errors import InputError, ValuationError
from xlwings_addin.inputs.company import load_company, packaged_company
from xlwings_addin.inputs.folders import company_names, tables_folder
from xlwings_addin.inputs.parameters import load_parameters
from xlwings_addin.inputs.tables import load_tables

MINIMAL = """\
format = 1
key = "acme"
ticker = "ACME"
book = "Acme.xlsx"
[name]
en = "Acme"
zh = "顶点"
[currency]
listing = "HKD"
reporting = "CNY"
[[groups]]
key = "goods"
label = "Goods"
[[segments]]
key = "phones"
template = "growth_fade"
label = "Phones"
group = "goods"
[[segments]]
key = "cars"
template = "growth_fade"
label = "Cars"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of Xiaomi's folder that a test may spoil."""
    return Path(shutil.copytree(tables_folder(), tmp_path / "company"))


def written(folder: Path, text: str) -> Path:
    (folder / "company.toml").write_text(text, encoding="utf-8")
    return folder


def test_xiaomi_is_a_folder_with_its_name_currencies_and_segments() -> None:
    # The names and the listing: Xiaomi Corporation's annual report 2024, corporate information.
    company = xa.company("xiaomi")
    assert (company.name.en, company.name.zh) == ("Xiaomi Corporation", "小米集团")
    assert (company.ticker, company.currency.listing, company.currency.reporting) == ("1810.HK", "HKD", "CNY")
    assert [segment.key for segment in company.members("devices")] == ["smartphone", "iot", "internet"]
    assert "xiaomi" in company_names()


def test_a_company_is_named_or_a_folder(folder: Path) -> None:
    assert xa.company(folder).key == "xiaomi"
    assert xa.value(folder=folder).sotp.value_per_share == xa.value().sotp.value_per_share


def test_what_is_neither_name_nor_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must be one of .*xiaomi.*, or a folder with company\.toml"):
        xa.company(tmp_path / "nowhere")


def test_tables_without_a_company_file_are_those_of_the_packaged_company(folder: Path) -> None:
    (folder / "company.toml").unlink()
    assert load_tables(folder).company is packaged_company()


def test_without_parts_each_group_and_each_segment_in_none_is_a_part(folder: Path) -> None:
    company = load_company(written(folder, MINIMAL))
    assert [(part.key, list(part.methods.values())) for part in company.parts] == [
        ("goods", ["goods"]),
        ("cars", ["cars"]),
    ]
    assert all(part.method_key is None for part in company.parts)


def test_a_group_in_a_group_has_its_segments(folder: Path) -> None:
    inner = '[[groups]]\nkey = "small"\nlabel = "Small"\ngroup = "goods"\n'
    text = MINIMAL.replace("[[segments]]", f"{inner}[[segments]]", 1).replace(
        'label = "Phones"\ngroup = "goods"', 'label = "Phones"\ngroup = "small"'
    )
    company = load_company(written(folder, text))
    assert [segment.key for segment in company.members("goods")] == ["phones"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", r"company\.toml line 1 format 2 must be at most 1: .* later version"),
        ("format = 1", 'format = "1"', r"line 1 format '1' must be the number of a format"),
        ('key = "acme"', 'key = "A B"', r"line 2 key 'A B' must be lower-case words"),
        ('book = "Acme.xlsx"', 'book = "../a.xlsx"', r"line 4 book '\.\./a\.xlsx' must be a file name"),
        ('key = "acme"', 'key = "acme"\nbeyond = ""', r"line 3 beyond '' must be a text that is not empty"),
        ('en = "Acme"', 'en = ""', r"line 6 en '' must be a text that is not empty"),
        ('listing = "HKD"', 'listing = "dollar"', r"line 9 listing 'dollar' must be the three letters"),
        ('listing = "HKD"', 'listing = "GBP"', r"line 9 listing 'GBP' must be CNY, or parameters\.csv must"),
        (
            'label = "Goods"',
            'label = "Goods"\ngroup = "goods"',
            r"line 14 group 'goods' is a circle: goods in",
        ),
        ('group = "goods"\n', 'group = "god"\n', r"line 18 group 'god' must be one of goods"),
        ('key = "cars"', 'key = "goods"', r"line 20 key 'goods' stands twice among groups and segments"),
        ('template = "growth_fade"\nlabel = "Cars"', 'label = "Cars"', r"template '' must be a text"),
        (
            'label = "Cars"',
            'label = "Cars"\ncolour = "red"',
            r"line 23 colour 'colour' is none of key, templ",
        ),
        ("format = 1", "format = ", r"file 'company\.toml' must be TOML"),
        (
            'label = "Cars"\n',
            'label = "Cars"\n[[parts]]\nkey = "all"\nlabel = "All"\nmethods = { built = "goods" }\n',
            r"segment 'cars' must be a method of a part: its value would be left out",
        ),
        (
            'label = "Cars"\n',
            'label = "Cars"\n[[parts]]\nkey = "all"\nlabel = "All"\nmethods = { built = "bikes" }\n',
            r"line 26 methods 'bikes' must be one of goods, cars",
        ),
    ],
)
def test_a_company_that_breaks_a_rule_is_refused_with_file_line_value_and_rule(
    folder: Path, old: str, new: str, message: str
) -> None:
    assert old in MINIMAL
    with pytest.raises(ValuationError, match=message):
        load_company(written(folder, MINIMAL.replace(old, new, 1)))


def test_groups_that_stand_in_each_other_are_a_circle(folder: Path) -> None:
    both = MINIMAL.replace(
        'label = "Goods"\n',
        'label = "Goods"\ngroup = "wares"\n[[groups]]\nkey = "wares"\nlabel = "Wares"\ngroup = "goods"\n',
    )
    with pytest.raises(InputError, match=r"is a circle: goods in wares in goods"):
        load_company(written(folder, both))


def test_money_in_a_currency_without_a_rate_is_refused(folder: Path) -> None:
    table = folder / "parameters.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("debt,Debt,CNY m,", "debt,Debt,EUR m,"), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"parameters\.csv debt unit 'EUR m' is in EUR, which must be CNY or"
    ):
        load_company(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("key,label", "name,label", r"line 1 header 'name,label,.*must be key,label,unit"),
        ("tax_rate,Tax rate,ratio", "tax_rate,,ratio", r"line \d+ label '' must not be empty"),
        ("tax_rate,Tax rate", "debt,Tax rate", r"line \d+ key 'debt' stands twice"),
        (",rate,,0,1,open above,", ",speed,,0,1,open above,", r"kind 'speed' must be one of number, rate"),
        (",rate,,0,1,open above,", ",rate,,1,0,open above,", r"minimum 1 must not exceed the maximum 0"),
        (",rate,,0,1,open above,", ",rate,,0,1,ajar,", r"bounds 'ajar' must be one of closed, open"),
        (",rate,,0,1,open above,", ",rate,,none,1,open above,", r"minimum 'none' must be a finite number"),
        ("choice,end mid", "choice,", r"choices '' must be words for a choice"),
        ("Debt,CNY m,Sum of the parts", "Debt,CNY m,Case", r"section 'Case' must be one block of rows"),
    ],
)
def test_a_parameter_that_breaks_a_rule_is_refused_with_file_and_line(
    folder: Path, old: str, new: str, message: str
) -> None:
    table = folder / "parameters.csv"
    text = table.read_text(encoding="utf-8")
    assert old in text
    table.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValuationError, match=message):
        load_parameters(table)


def test_all_parameters_without_a_value_are_named_at_once(folder: Path) -> None:
    table = folder / "inputs" / "assumptions.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("debt,", "associates,", "basic_shares,"))]
    table.write_text("".join(kept), encoding="utf-8")
    with pytest.raises(InputError, match=r"parameters debt, associates, basic_shares must have 3 rows"):
        xa.value("base", folder=folder)


def test_an_input_of_the_company_s_own_is_read_from_its_table(folder: Path) -> None:
    with (folder / "parameters.csv").open("a", encoding="utf-8") as file:
        file.write("patents,Patents,CNY m,Own,number,,0,,closed,What patents are worth.,\n")
    with (folder / "inputs" / "assumptions.csv").open("a", encoding="utf-8") as file:
        file.write("patents,,12,10,20,CNY m,assumption,an example,2025-11-19,not valued\n")
    assert xa.value(folder=folder).inputs.number("patents") == 12


def test_the_book_of_a_company_is_in_its_folder_and_xiaomi_s_beside_it(folder: Path) -> None:
    assert xa.default_book(folder) == folder / "Xiaomi_Model.xlsx"
    assert xa.default_book() == tables_folder().parent / "Xiaomi_Model.xlsx"
