"""A refresh works the answers out anew, for what the analyst has typed, and leaves what is theirs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import xlwings_addin as xa
from tests.refresh.refreshing import refresh_file
from xlwings_addin.inputs.cases import load_inputs
from xlwings_addin.layout.references import Book
from xlwings_addin.proof.answered import answer_cells
from xlwings_addin.proof.context import load_context
from xlwings_addin.refresh import answering
from xlwings_addin.valuation.xiaomi import evaluate
from xlwings_addin.xlsx.package import CellKey, CellValue, read_values, write_values

ANSWER, PRICE, MARGIN = "Growth is past; patents are not.", 45.0, 0.24


def test_a_typed_price_answer_and_input_are_followed_and_kept(
    delivered_at_base: Path, tmp_path: Path
) -> None:
    book, book_file = Book(load_context()), Path(shutil.copy(delivered_at_base, tmp_path))
    position = book.context.cases.index("base") + 1
    said, asked = book.at("{questions.answer_moat:answer}"), book.at("{implied.price_asked:asked}")
    margin = book.at(f"{{inputs.vehicle_gross_margin_ceiling:cases[{position}]}}")
    over = book.at("{sensitivities.first_rate_4:across_3}")
    typed: dict[CellKey, CellValue] = {said: ANSWER, asked: PRICE, margin: MARGIN, over: 99.0}
    book_file.write_bytes(write_values(book_file.read_bytes(), typed, only_formulas=False, add_cells=True))
    done = refresh_file(book_file, stored_values_are_old=True)
    assert [note for note in done.notes if "typed over" in note] == [
        f"typed over an answer, which is worked out anew: {over[0]}!{over[1]} 99.0"
    ]
    values = read_values(book_file)
    changed = load_inputs("base").replace(vehicle_gross_margin_ceiling=MARGIN)
    worth = evaluate(changed).sotp.value_per_share
    assert (values[said], values[asked], values[margin]) == (ANSWER, PRICE, MARGIN)
    for middle in ("{sensitivities.volume_margin_4:across_4}", "{cover.success_4:across_4}"):
        assert values[book.at(middle)] == pytest.approx(worth, rel=1e-9)
    needed = xa.implied(
        PRICE,
        solve="vehicle_deliveries",
        case="base",
        settings={"vehicle_gross_margin_ceiling": MARGIN},
    ).solution.value
    assert values[book.at("{implied.asked_1:needed}")] == pytest.approx(needed, rel=1e-9)
    for sheet in ("sensitivities", "implied", "simulation", "conventions"):
        assert values[book.at(f"{{{sheet}.made_same:same}}")] == 1
        assert str(values[book.at(f"{{{sheet}.made_sentence:sentence}}")]).endswith("as the model stands.")


def test_answers_that_stand_are_worked_out_again_only_for_other_tables(
    book_file: Path, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book(load_context())
    before, asked = read_values(book_file), []

    def counted(book: Book, kept: dict[str, str]) -> dict[CellKey, CellValue]:
        asked.append(book)
        return {}

    monkeypatch.setattr(answering, "answers_of_book", counted)
    refresh_file(book_file, tables)
    after = read_values(book_file)
    cells = [cell.at for cell in answer_cells(book)]
    assert len(cells) > 500
    assert [before.get(at) for at in cells] == [after.get(at) for at in cells]
    assert not asked
    distributions = tables / "inputs" / "distributions.csv"
    text = distributions.read_text(encoding="utf-8")
    assert text.count(",triangular,") > 0
    distributions.write_text(text.replace(",triangular,", ",uniform,", 1), encoding="utf-8")
    refresh_file(book_file, tables)
    assert len(asked) == 1
