"""The context of tables is kept for the next work on the same ones, and for no others."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from xlwings_addin.core.errors import DomainError, InputError
from xlwings_addin.inputs.tables import Tables, tables_folder
from xlwings_addin.proof import context as kept
from xlwings_addin.proof.context import MOST_KEPT, load_context


def test_the_same_tables_give_the_same_context_with_all_that_was_worked_out(tables: Path) -> None:
    assert load_context(tables) is load_context(tables)
    assert load_context(tables) is not load_context(tables, live="all")
    assert load_context(tables, live="all").live_tables


def changed_in_place(path: Path, old: str, new: str) -> None:
    """Change a file so that neither its size nor its time tells."""
    stamps, text = path.stat(), path.read_text(encoding="utf-8")
    assert len(old) == len(new)
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))


def test_another_table_gives_another_context_even_of_the_same_size_and_time(tables: Path) -> None:
    before = load_context(tables)
    changed_in_place(tables / "inputs" / "assumptions.csv", "tax_rate,,0.15", "tax_rate,,0.17")
    after = load_context(tables)
    assert [context.results["base"].inputs["tax_rate"] for context in (before, after)] == [0.15, 0.17]


def test_cases_that_break_a_rule_are_refused_though_they_were_sound_before(tables: Path) -> None:
    before, bull = load_context(tables), tables / "cases" / "bull.csv"
    changed_in_place(bull, "probability,,0.25", "probability,,0.24")
    with pytest.raises(DomainError, match="must add to 1"):
        load_context(tables)
    changed_in_place(bull, "probability,,0.24", "probability,,0.25")
    assert load_context(tables) is before


def test_a_table_that_only_sheets_read_counts_too(tables: Path) -> None:
    before = load_context(tables)
    claims = tables / "inputs" / "claims.csv"
    claims.write_text(claims.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load_context(tables) is not before
    (tables / "inputs" / "peers.csv").unlink()
    assert load_context(tables) is not before


def test_amended_tables_are_not_taken_for_those_of_the_files(tables: Path) -> None:
    def amended(of_files: Tables) -> Tables:
        return replace(of_files, oddities=())

    for _ in range(2):
        assert not load_context(tables, amended=amended).tables.oddities
        assert load_context(tables).tables.oddities


def test_a_file_that_is_gone_is_named_though_its_tables_were_read_before(tables: Path) -> None:
    load_context(tables)
    (tables / "inputs" / "history.csv").unlink()
    with pytest.raises(InputError, match=r"history\.csv"):
        load_context(tables)
    shutil.rmtree(tables / "inputs")
    with pytest.raises(InputError, match="must be a folder with inputs/ and cases/"):
        load_context(tables)


def test_a_few_contexts_are_kept_and_the_one_asked_for_longest_ago_goes(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(MOST_KEPT + 1)]
    for folder in folders:
        for part in ("inputs", "cases"):
            shutil.copytree(tables_folder() / part, folder / part)
    first, *others = folders
    before = load_context(first)
    for folder in others[:-1]:
        load_context(folder)
    assert load_context(first) is before
    load_context(others[-1])
    assert len(kept._KEPT.contexts) == MOST_KEPT
    assert load_context(first) is before
    assert others[0] not in {folder for folder, *_ in kept._KEPT.contexts}


def test_a_thread_has_contexts_of_its_own(tables: Path) -> None:
    """What is worked out for a context is written down without a lock."""
    mine = load_context(tables)
    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(load_context, tables).result()
        assert theirs is not mine
        assert other.submit(load_context, tables).result() is theirs
