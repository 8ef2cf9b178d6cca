"""All rules by name, and what a file breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.acceptance import cell_rules, package_rules, schema
from xlwings_addin.xlsx.package import Package, read_package

RULES: Final[dict[str, Callable[[Package], Iterator[str]]]] = {
    rule.__name__: rule
    for rule in (
        package_rules.content_types,
        package_rules.relationships,
        package_rules.unique_names,
        package_rules.order,
        package_rules.styles,
        package_rules.fonts,
        package_rules.name_grammar,
        package_rules.sheet_names,
        cell_rules.limits,
        cell_rules.plain_formulas,
    )
}


def broken(path: Path) -> set[str]:
    """What is wrong with a file by the rules, a sentence each."""
    package = read_package(path)
    return {f"{name}: {finding}" for name, rule in RULES.items() for finding in rule(package)}


def faults(path: Path, folder: Path) -> set[str]:
    """What is wrong with a file by the rules and by the schemas; `folder` is for what the validator reads."""
    return broken(path) | set(schema.faults(read_package(path), folder, set()))
