"""A workbook loaded into the engine: its formulas told so that they mean there what they mean in the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from xlwings_addin.core.errors import BookError
from xlwings_addin.engine import replacements
from xlwings_addin.engine.exchange import Udf, callback, fitted, from_engine, to_engine
from xlwings_addin.engine.followers import Texts, followers
from xlwings_addin.engine.formulas import (
    OMITTED,
    WORD,
    defined_names,
    means_the_same_everywhere,
    patterns_of,
    told_alike,
    with_names_replaced,
    with_omitted_arguments,
    without_links,
)
from xlwings_addin.engine.instead import BUILT_IN
from xlwings_addin.engine.limits import progressed
from xlwings_addin.engine.other_books import missing_book, other_books, with_file_name, with_values_of_others
from xlwings_addin.engine.prepared import engine_bytes, engine_name
from xlwings_addin.engine.structured_references import Place, Table, tables_of, with_plain_ranges
from xlwings_addin.xlsx.addresses import area_size, split_address
from xlwings_addin.xlsx.package import CellKey, CellValue, Package, formula_cells, read_values

if TYPE_CHECKING:
    import formualizer

_FIT_AREA = "VAL_FIT_AREA_OF_ARRAY_FORMULA"


class LoadedBook:
    """A workbook in the engine, with what must be remembered of its file.

    `texts` are the formulas as the file has them, without equals signs, `clear_texts` those that the engine
    was told in other words, `untold` those that it did not take, with the reason, and `dangling` those that
    read another workbook of which the file keeps nothing, with the reference. A Python function that
    raises anything but a `ValuationError` goes into `crashes`. `frozen` are formulas that the engine has as
    values.
    """

    def __init__(self, package: Package, udfs: Mapping[str, Udf]) -> None:
        self.package = package
        self.sheets = list(package.sheets())
        self.formulas = {(formula.sheet, formula.cell): formula for formula in formula_cells(package)}
        kinds = [formula.kind for formula in self.formulas.values()]
        self.arrays = sum(kind in ("array", "dynamic") for kind in kinds)
        self.places = {key: split_address(key[1]) for key in self.formulas}
        self.filled = _filled_cells(package) | self.formulas.keys()
        self.crashes: list[tuple[str, Exception]] = []
        self.names = dict(defined_names(package))
        self.name_words = frozenset(name.upper() for name in self.names)
        self.untold: dict[CellKey, str] = {}
        self.dangling: dict[CellKey, str] = {}
        self.frozen: dict[CellKey, CellValue] = {}
        progressed()
        self.workbook = _load(package, engine_bytes(package, self._old_members()))
        progressed()
        self.own_names = self._register(udfs)
        self._build_graph()
        self.texts, self.patterns = self._read_texts()
        self.clear_texts: dict[CellKey, str] = {}
        self._spell_out()
        self._take_out_dangling()
        self._put_values_of_tables()

    @cached_property
    def single_cell_names(self) -> frozenset[str]:
        """The defined names, in capitals, that stand for one cell or one value."""
        ranges = self.workbook.get_named_ranges()
        return frozenset(name["name"].upper() for name in ranges if name["kind"] in ("cell", "literal"))

    @cached_property
    def largest_input(self) -> float:
        """The largest number that the file stores, its sign aside."""
        stored = read_values(self.package).values()
        numbers = [abs(value) for value in stored if isinstance(value, float) and abs(value) < 1e300]
        return max(numbers, default=0.0)

    def tell(self, key: CellKey, text: str) -> None:
        """Tell the engine a cell's formula in other words than the file's."""
        try:
            self.workbook.set_formula(engine_name(key[0]), *self.places[key], f"={text}")
            self.clear_texts[key] = text
        except (RuntimeError, ValueError) as error:
            self.untold[key] = str(error)[:200]

    def tell_again(self, key: CellKey) -> None:
        """Make the engine evaluate a formula once more, though nothing it reads has changed."""
        if (
            "[" in self.told(key) or key in self.dangling
        ):  # the engine takes references to other workbooks from a file only
            return
        with suppress(RuntimeError):  # a formula that reads its own cell is taken from a file only
            self.workbook.set_formula(engine_name(key[0]), *self.places[key], f"={self.told(key)}")

    def freeze(self, key: CellKey, value: CellValue) -> None:
        """Put a value into a cell instead of its formula, and into what an array formula fills as well."""
        self.pin(key)
        self.workbook.set_value(engine_name(key[0]), *self.places[key], to_engine(value))
        self.frozen[key] = value

    def pin(self, key: CellKey) -> None:
        """Keep what a formula says, before the engine gets something else for its cell."""
        self.texts.get(key)

    def told(self, key: CellKey) -> str:
        """A cell's formula as the engine has it, without equals sign."""
        clear = self.clear_texts.get(key)
        return self.texts[key] if clear is None else clear

    def with_plain_ranges(self, key: CellKey, text: str) -> str:
        """A formula of a cell with structured references as the cells they mean."""
        place = Place(key[0], *self.places[key]) if key in self.places else None
        return with_plain_ranges(text, self._tables, place)

    def raw_values(self) -> dict[CellKey, object]:
        """The values of all formula cells as the engine gives them."""
        read = self.workbook.get_value
        names = {sheet: engine_name(sheet) for sheet in self.sheets}
        return {key: read(names[key[0]], *place) for key, place in self.places.items()}

    def read(self, key: CellKey) -> CellValue:
        """The value of any cell."""
        value: CellValue = from_engine(self.workbook.get_value(engine_name(key[0]), *split_address(key[1])))
        return value

    def spill_area(self, key: CellKey) -> str | None:
        """The area over which the engine has laid a formula's result; None where it is one value."""
        spill = self.workbook.inspect_cell(_quoted(key), include_values=False).cell.spill
        return spill.to_dict()["extent"].rpartition("!")[2] if spill is not None else None

    @cached_property
    def _tables(self) -> Mapping[str, Table]:
        return tables_of(self.package)

    def _old_members(self) -> list[CellKey]:
        """The stored results of array formulas, which would stand in the way of new ones."""
        tables = (formula for formula in self.formulas.values() if formula.kind == "dataTable")
        of_tables = {(formula.sheet, formula.area) for formula in tables}
        return [
            key
            for key, formula in self.formulas.items()
            if formula.kind == "member" and formula.area and (key[0], formula.area) not in of_tables
        ]

    def _register(self, udfs: Mapping[str, Udf]) -> frozenset[str]:
        """Make the engine call `udfs`; the names a formula may use, in capitals."""
        instead = replacements.registered(uses_1904_dates=self.package.uses_1904_dates)
        for name, udf in {**udfs, **instead}.items():
            try:
                self.workbook.register_function(
                    name, callback(name, udf, self.crashes), allow_override_builtin=name in BUILT_IN
                )
            except (ValueError, RuntimeError) as error:
                raise BookError("function", name, f"cannot be registered: {error}", display=name) from error
        self.workbook.register_function(_FIT_AREA, fitted)
        self.workbook.register_function(OMITTED, lambda: None)
        return frozenset(name.upper() for name in udfs)

    def _build_graph(self) -> None:
        """Make the engine ready to say what followers of shared formulas are; questions take long before."""
        shared = (
            key for key, formula in self.formulas.items() if formula.kind == "shared" and not formula.text
        )
        follower = next(shared, None)
        if follower is not None:
            self.workbook.get_eval_plan([(engine_name(follower[0]), *self.places[follower])])

    def _read_texts(self) -> tuple[Texts, dict[CellKey, str]]:
        """The formulas without their equals signs, and their patterns."""
        following = followers(self.formulas, self.places)
        first = {master: key for key, master in reversed(following.items())}
        unclear = {master for master, key in first.items() if not self._told_by_engine(key)}
        following = {key: master for key, master in following.items() if master not in unclear}
        texts = {
            key: formula.text or (self._told_by_engine(key) if formula.kind != "member" else "")
            for key, formula in self.formulas.items()
            if key not in following
        }
        patterns = patterns_of(texts, self.places)
        patterns = {key: patterns[following.get(key, key)] for key in self.formulas}
        return Texts(texts, following, self._told_by_engine), patterns

    def _told_by_engine(self, key: CellKey) -> str:
        """What the engine says of a formula: it knows what followers of a shared one say."""
        text = self.workbook.get_formula(engine_name(key[0]), *self.places[key])
        return (text or "").removeprefix("=")

    def _spell_out(self) -> None:
        """Formulas that the engine would read otherwise than the file means are told to it in other words."""
        clearer = self._clearer()
        stays: dict[tuple[str, bool], bool] = {}
        alike: dict[tuple[str, str, bool], Callable[[str], str] | None] = {}
        for (key, shape), formula in zip(self.patterns.items(), self.formulas.values(), strict=True):
            pattern = shape, formula.kind in ("array", "dynamic")
            if pattern not in stays:
                text = self.texts[key]
                stays[pattern] = clearer(key, text) == text and not replacements.may_change(text)
            without_area = formula.kind == "shared" and bool(formula.text) and not formula.area
            if stays[pattern] and formula.kind != "array" and not without_area:
                continue
            text = self.texts[key]
            of_sheet = key[0], *pattern
            if stays[pattern]:
                clear = text
            elif (again := alike.get(of_sheet)) is not None:
                clear = again(text)
            else:
                clear = clearer(key, text)
                # A range may be one cell, or large: formulas with ranges are told one by one.
                single = not (":" in shape or pattern[1] or replacements.may_change(text))
                alike.setdefault(of_sheet, told_alike(text, clear) if single else None)
            if formula.kind == "array":
                rows, columns = area_size(formula.area)
                clear = f"{_FIT_AREA}({clear},{rows},{columns})"
            if clear != text or without_area:  # the engine leaves out what is shared without an area
                self.tell(key, clear)

    def _take_out_dangling(self) -> None:
        """Formulas that read a workbook of which the file keeps nothing would stop the engine as a whole."""
        books = other_books(self.package)
        names = {name.upper() for name, text in self.names.items() if missing_book(text, books)}
        if not names and not any("[" in pattern for pattern in set(self.patterns.values())):
            return
        for key, text in self.texts.items():
            reference = missing_book(text, books) or next(
                (n for n in WORD.findall(text.upper()) if n in names), None
            )
            if reference is not None:
                self.workbook.set_value(engine_name(key[0]), *self.places[key], to_engine("#REF!"))
                self.dangling[key] = reference

    def _clearer(self) -> Callable[[CellKey, str], str]:
        """What makes of a cell's formula the text that means in the engine what the file means."""
        names, books = self._names_left_out(), other_books(self.package)
        called = self.own_names | BUILT_IN.keys()
        instead = replacements.BuiltInsReplaced(self.package, self.name_words - self.single_cell_names)

        def clear(key: CellKey, text: str) -> str:
            text = self.with_plain_ranges(key, with_names_replaced(text, names))
            text = with_values_of_others(with_file_name(text, key[0]), books)
            text = instead.told(text, key, is_array=self._is_array(key))
            return with_omitted_arguments(without_links(text, self.own_names), called)

        return clear

    def _is_array(self, key: CellKey) -> bool:
        return self.formulas[key].kind in ("array", "dynamic")

    def has_dropped(self, key: CellKey) -> bool:
        """Whether the engine has left out a formula of the file; slow before the first evaluation."""
        return self.workbook.get_formula(engine_name(key[0]), *self.places[key]) is None

    def _put_values_of_tables(self) -> None:
        """The first cell of a data table has a formula without text; the engine gets its value instead."""
        masters = [key for key, formula in self.formulas.items() if formula.kind == "dataTable"]
        stored = read_values(self.package) if masters else {}
        for key in masters:
            value = to_engine(stored.get(key))
            self.workbook.set_value(engine_name(key[0]), *self.places[key], value)

    def _names_left_out(self) -> dict[str, str]:
        """The defined names that the engine must not take: those with Python functions or tables in them."""
        refused = {
            name["name"].upper(): name["definition"]
            for name in self.workbook.name_import_diagnostics
            if name["scope_sheet"] is None
        }
        replaced = {
            name.upper(): text
            for name, text in self.names.items()
            if text and replacements.replaces_name(text)
        }
        return {
            name: text for name, text in {**replaced, **refused}.items() if means_the_same_everywhere(text)
        }


def _load(package: Package, data: bytes) -> formualizer.Workbook:
    import formualizer as engine

    settings = engine.EvaluationConfig()
    settings.enable_parallel = False
    settings.cycle_detection = "runtime"  # a circle through a branch that is not taken is none
    settings.date_system = "1904" if package.uses_1904_dates else "1900"
    try:
        config = engine.WorkbookConfig(eval_config=settings)
        workbook = engine.Workbook.from_bytes(data, config=config)
    except (OSError, RuntimeError, ValueError, engine.FormualizerHostError) as error:
        raise package.refusal(f"cannot be loaded by the engine: {error}") from error
    workbook.set_temporal_egress("serial")
    return workbook


def _filled_cells(package: Package) -> set[CellKey]:
    """The cells that store something, so that no result can be spread over them."""
    return {
        (sheet, cell.address)
        for sheet, part in package.sheets().items()
        for cell in package.cells(part).contents
        if cell.value is not None or cell.inline is not None
    }


def _quoted(key: CellKey) -> str:
    sheet = engine_name(key[0]).replace("'", "''")
    return f"'{sheet}'!{key[1]}"
