"""What has been renamed is read under its old name: the table, its loader and each question asked of it."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from pathlib import Path

import pytest

from tests.released import TABLES
from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs import renamed
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.inputs.lint import lint
from xlwings_addin.inputs.parameters import PARAMETERS
from xlwings_addin.inputs.tables import load_tables
from xlwings_addin.valuation.xiaomi import evaluate

TODAY = date(2025, 11, 19)
HEADER = "kind,old,new,since,note\n"


def table(folder: Path, *rows: str) -> Path:
    path = folder / "renamed.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_every_renamed_key_leads_to_an_input_or_a_figure_of_the_tables(base):  # type: ignore[no-untyped-def]
    keys = renamed.renamed_names("key")
    assert len(keys) == 20
    present = {parameter.key for parameter in PARAMETERS} | {row.key for row in base.tables.rows}
    assert set(keys.values()) <= present
    assert not set(keys) & present


def test_every_renamed_attribute_leads_to_one_that_is_there(base) -> None:  # type: ignore[no-untyped-def]
    from xlwings_addin.analytics.as_of import CaseAsOf, LateInput
    from xlwings_addin.ledger.snapshot import CaseRecord
    from xlwings_addin.proof.report import Finding

    results = evaluate(base)
    owners = {
        "BaseYear": results.base_year,
        "CaseRecord": CaseRecord,
        "CaseAsOf": CaseAsOf,
        "LateInput": LateInput,
        "Results": results,
        "Capital": results.capital,
        "Finding": Finding,
        "SumOfParts": results.sotp,
    }
    attributes = renamed.renamed_names("attribute")
    assert attributes
    for name in attributes.values():
        owner, _, attribute = name.partition(".")
        fields = getattr(owners[owner], "__dataclass_fields__", {})
        assert attribute in fields or hasattr(owners[owner], attribute), name


def test_a_name_renamed_twice_over_is_led_to_its_last_name(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    path = table(tmp_path, "key,a,b,0.2.0,", "key,b,c,0.3.0,again")
    rows = renamed.load_renamings(path)
    monkeypatch.setattr(renamed, "load_renamings", lambda: rows)
    for cached in (renamed._by_old, renamed._by_current):
        cached.cache_clear()
    try:
        assert (renamed.current("key", "a"), renamed.current("key", "b")) == ("c", "c")
        assert renamed.former("key", "c") == ("b", "a")
        assert renamed.first("key", "c") == "a"
    finally:
        for cached in (renamed._by_old, renamed._by_current):
            cached.cache_clear()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("keys,a,b,0.2.0,", "renamed.csv line 2 kind 'keys' must be one of key, sheet, sheet_key,"),
        ("key,,b,0.2.0,", "renamed.csv line 2 old '' must not be empty"),
        ("key,a, ,0.2.0,", "renamed.csv line 2 new ' ' must not be empty"),
        ("key,a,a,0.2.0,", "renamed.csv line 2 new 'a' must be another name than the old one"),
        ("key,a,b,soon,", "renamed.csv line 2 since 'soon' must be a version (0.2.0)"),
        ("key,a,b,0.2.0", "renamed.csv line 2 4 columns must be 5"),
        ("key,a,b,0.2.0,\nkey,a,c,0.2.0,", "renamed.csv line 3 old 'a' is renamed twice as key"),
        ("key,a,b,0.2.0,\nkey,b,a,0.2.0,", "renamed.csv line 3 new 'a' must not lead back to itself"),
    ],
)
def test_a_wrong_row_is_refused_by_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        renamed.load_renamings(table(tmp_path, row))
    assert str(raised.value).startswith(message)


def test_one_name_may_be_renamed_in_each_kind_of_its_own(tmp_path: Path) -> None:
    rows = renamed.load_renamings(table(tmp_path, "key,a,b,0.2.0,", "sheet,a,c,0.2.0,"))
    assert [row.new for row in rows] == ["b", "c"]


def test_another_header_or_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "renamed.csv"
    path.write_text("old,new\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"renamed\.csv line 1 header 'old,new' must be kind,old,new"):
        renamed.load_renamings(path)
    path.write_bytes(HEADER.encode() + b"key,\xff,b,0.2.0,\n")
    with pytest.raises(InputError, match=r"must be a CSV file in UTF-8"):
        renamed.load_renamings(path)
    with pytest.raises(InputError, match=r"must be a file that can be read: No such file"):
        renamed.load_renamings(tmp_path / "nothing.csv")


def test_former_fields_stand_beside_the_new_ones_at_every_depth() -> None:
    answer = {
        "segments": {"devices": {"per_share_hkd": 1.5}, "vehicle": {}},
        "devices_wacc": 0.1,
        "case": "x",
    }
    both = renamed.with_former_fields(answer, "value")
    assert both["segments"]["core"] == both["segments"]["devices"] == {"per_share_hkd": 1.5}
    assert both["core_wacc"] == 0.1
    assert set(both) == {"segments", "devices_wacc", "core_wacc", "case"}
    assert renamed.with_former_fields(answer, "history") == answer


def test_former_attributes_give_the_new_ones_and_warn(base) -> None:  # type: ignore[no-untyped-def]
    results = evaluate(base)
    with pytest.warns(DeprecationWarning, match=r"Results\.core_segments is called devices_segments now"):
        assert results.core_segments is results.devices_segments
    with pytest.warns(DeprecationWarning, match=r"SumOfParts\.core is called devices now"):
        assert results.sotp.core is results.sotp.devices
    with pytest.warns(DeprecationWarning, match=r"Capital\.core_wacc is called devices_wacc now"):
        assert results.capital.core_wacc == results.capital.devices_wacc
    with pytest.warns(DeprecationWarning, match=r"BaseYear\.core_revenue is called devices_revenue now"):
        assert results.base_year.core_revenue == results.base_year.devices_revenue
    with pytest.raises(AttributeError, match="'Results' object has no attribute 'core_value'"):
        _ = results.core_value


def test_former_attributes_of_a_case_on_a_day_give_the_new_ones_and_warn(base) -> None:  # type: ignore[no-untyped-def]
    from xlwings_addin.analytics.as_of import CaseAsOf, LateInput

    row, results = base.row("tax_rate"), evaluate(base)
    late = LateInput(row, row)
    case = CaseAsOf("base", row.as_of, results, results, "", (late,))
    with pytest.warns(DeprecationWarning, match=r"LateInput\.known is called substitute now"):
        assert late.known is row
    with pytest.warns(DeprecationWarning, match=r"CaseAsOf\.known is called on_day now"):
        assert case.known is results


def test_results_with_former_attributes_are_still_copied_and_pickled(base) -> None:  # type: ignore[no-untyped-def]
    parts = evaluate(base).sotp
    assert copy.copy(parts) == pickle.loads(pickle.dumps(parts)) == parts


# --- tables that still have the old keys --------------------------------------------------------------


def test_tables_with_old_keys_give_the_same_inputs_and_a_note_each() -> None:
    old = load_inputs("march_2024_strict", TABLES)
    assert old["devices_horizon"] == 10
    assert old.row("devices_horizon").former_key == "core_horizon"
    assert old.tables.row("article_004_devices_wacc").number == 0.11
    findings = [
        finding for finding in lint(old.tables, today=TODAY, cases=[old]) if finding.rule == "former_keys"
    ]
    keys = {finding.key for finding in findings}
    assert keys == set(renamed.renamed_names("key").values())
    assert {finding.severity for finding in findings} == {"info"}
    case_row = next(finding for finding in findings if finding.file == "march_2024_strict.csv")
    assert str(case_row).startswith("info former_keys: core_")
    assert "is read as devices_" in case_row.message


def test_no_table_of_ours_has_an_old_key(base) -> None:  # type: ignore[no-untyped-def]
    assert not [row for row in (*base.tables.rows, *base.rows.values()) if row.former_key]


def test_an_oddity_s_operands_are_read_under_their_present_keys() -> None:
    oddity = next(entry for entry in load_tables(TABLES).oddities if entry.id == "g_cost_of_equity")
    assert ("article_004_devices_wacc", "") in oddity.operands


def test_one_case_with_old_and_new_key_disagrees_with_itself(folder: Path) -> None:
    with (folder / "cases" / "bull.csv").open("a", encoding="utf-8") as file:
        for key, horizon in (("core_horizon", 8), ("devices_horizon", 9)):
            file.write(f"{key},,{horizon},5,10,years,assumption,test,2025-11-19,\n")
    with pytest.raises(
        InputError, match=r"devices_horizon 8 years \(bull\.csv line \d+\) and 9 years .* disagree"
    ):
        load_inputs("bull", folder)


def test_a_script_with_an_old_key_is_warned_and_answered(base) -> None:  # type: ignore[no-untyped-def]
    with pytest.warns(DeprecationWarning, match="parameter core_horizon is called devices_horizon now"):
        assert base["core_horizon"] == base["devices_horizon"]
    with pytest.warns(DeprecationWarning, match="core_horizon"):
        changed = base.replace(core_horizon=8)
    assert changed["devices_horizon"] == 8


def test_a_summary_has_both_names(base) -> None:  # type: ignore[no-untyped-def]
    summary = evaluate(base).summary()
    for name in renamed.renamed_names("json"):
        command, _, path = name.partition(".")
        if command == "value":
            old: object = summary
            new: object = summary
            for one, other in zip(path.split("."), renamed.current("json", name).split(".")[1:], strict=True):
                old, new = old[one], new[other]  # type: ignore[index]
            assert old == new
