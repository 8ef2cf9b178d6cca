"""A report from the tables, or from an analyst's workbook."""

from __future__ import annotations

from pathlib import Path

from xlwings_addin.core.errors import ChoiceError
from xlwings_addin.inputs.case_files import named_among
from xlwings_addin.inputs.company import load_company
from xlwings_addin.inputs.defaults import DEFAULT_CASE
from xlwings_addin.inputs.nearest import one_of
from xlwings_addin.report.answers import answers_of, cases_section, conclusion, needs_section, pictures, tiles
from xlwings_addin.report.beliefs import beliefs_section, path_section
from xlwings_addin.report.document import Document
from xlwings_addin.report.origin import certificate_section, scorecard_section, sources_section
from xlwings_addin.report.since import since_section
from xlwings_addin.valuation.cases import CaseValues, value_cases
from xlwings_addin.version import __version__


def report_of(
    case: str = DEFAULT_CASE,
    *,
    book: Path | None = None,
    folder: Path | None = None,
    certificate: Path | None = None,
    ledger: Path | None = None,
) -> Document:
    """The report of a case: from the tables, or with `book` from the inputs that a workbook holds.

    The values that the workbook stores for its selected case must be those of the core for every printed
    line: `BookError` names one that is not. Raises `ChoiceError` for a case that is not among them, and
    `ValuationError` for tables, a workbook or a certificate that break a rule.
    """
    of_book = None
    if book is None:
        cases = value_cases(folder)
    else:
        from xlwings_addin.report.from_book import read_book

        of_book = read_book(book, folder)
        cases = of_book.cases
    case = named_among(case, {*cases, *cases.broken}, load_company(folder))
    if case in cases.broken:
        raise cases.broken[case]
    if case not in cases:
        raise ChoiceError("case", case, one_of(case, cases))
    document = _document(cases, case, folder, certificate, ledger, book)
    if of_book is not None:
        of_book.require_stored(document)
    return document


def _document(
    cases: CaseValues,
    case: str,
    folder: Path | None,
    certificate: Path | None,
    ledger: Path | None,
    book: Path | None,
) -> Document:
    chosen = cases[case]
    company, day = chosen.inputs.tables.company, chosen.inputs.day("valuation_date")
    answers = answers_of(chosen, cases, folder)
    return Document(
        title=f"{company.name.en} ({company.ticker})",
        title_zh=company.name.zh,
        subtitle=f"Sum of the parts, valued {day}. Case {case}: {chosen.inputs.text('case_title')}",
        conclusion=conclusion(answers),
        tiles=tiles(answers),
        pictures=pictures(answers),
        sections=(
            cases_section(answers),
            needs_section(answers),
            beliefs_section(answers),
            path_section(answers),
            since_section(answers, ledger),
            scorecard_section(answers),
            sources_section(answers),
            certificate_section(answers, certificate, book),
        ),
        footer=(f"xiaomi-model {__version__}; no advice to buy or sell.",),
    )
