"""The certificate of a check as a file: what was compared, by which engines, on which bytes, and what not.

    certificate_of(report)    what a check has covered (`coverage`), as plain data
    as_file(certificate)      the same as JSON, with a seal over it
    disagreements(...)        why a certificate does not speak of a workbook, or was itself edited

It holds no time and no path: one workbook, one set of tables and the same engines give one certificate, byte
for byte. The seal is a checksum, not a signature: it tells an accident from what was written, and proves
nothing against somebody who computes it anew. Sign the file where that matters.

Source: FIPS 180-4 for SHA-256; RFC 8259 for JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xlwings_addin.core.errors import InputError
from xlwings_addin.inputs.fingerprint import sha256 as hash_of_rows
from xlwings_addin.proof.report import Engine, Report
from xlwings_addin.version import __version__
from xlwings_addin.xlsx.agreement import RELATIVE_TOLERANCE

FORMAT = 1
PROGRAM = "xiaomi-model"
MOST_BYTES = 10_000_000
"""A certificate has a few kilobytes; what is larger is none."""

Certificate = dict[str, Any]


def certificate_of(report: Report) -> Certificate:
    """What a check has covered, as plain data, with the seal over it.

    Raises `InputError` for a report without a coverage: the check stopped before it got there.
    """
    coverage = report.coverage
    if coverage is None:
        raise InputError(
            "certificate", report.book, "needs a check that has run to its end", display=report.book
        )
    engines = [Engine("core", PROGRAM, __version__), *report.engines]
    counts = report.counts()
    certificate: Certificate = {
        "format": FORMAT,
        "program": {"name": PROGRAM, "version": __version__},
        "book": {"name": Path(report.book).name, "sha256": coverage.sha256, "bytes": coverage.size},
        "inputs": {
            "sha256": hash_of_rows(sorted(coverage.inputs.items())),
            "cases": dict(coverage.inputs),
        },
        "verdict": {
            "ok": report.ok,
            **{f"{severity}s": counts.get(severity, 0) for severity in ("failure", "warning", "note")},
            "failing": sorted({finding.kind for finding in report.findings if finding.severity == "failure"}),
        },
        "engines": [asdict(engine) for engine in engines],
        "lines": report.lines,
        "cells": dict(coverage.cells),
        "table_cells": coverage.table_cells,
        "stored_errors": coverage.stored_errors,
        "comparisons": {"with_core": report.comparisons, "with_second_engine": report.second_comparisons},
        "relative_tolerance": RELATIVE_TOLERANCE,
        "not_covered": list(coverage.not_covered),
    }
    return {**certificate, "seal": _seal(certificate)}


def _seal(certificate: Mapping[str, Any]) -> str:
    """SHA-256 over the certificate without its seal, its keys in order."""
    unsealed = {key: value for key, value in certificate.items() if key != "seal"}
    return hashlib.sha256(json.dumps(unsealed, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def as_file(certificate: Mapping[str, Any]) -> bytes:
    """The certificate as a file: JSON, UTF-8, one entry a line."""
    return (json.dumps(certificate, indent=2, ensure_ascii=False) + "\n").encode()


def read_certificate(path: Path | str) -> Certificate:
    """A certificate from its file. Raises `InputError` for what cannot be read, or is none."""
    name = str(path)
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise InputError("certificate", name, "is no certificate: it is too large", display=name)
        data = json.loads(Path(path).read_bytes())
    except OSError as error:
        rule = f"cannot be read: {error.strerror or error}"
        raise InputError("certificate", name, rule, display=name) from error
    except (ValueError, RecursionError) as error:
        raise InputError("certificate", name, "is no certificate: it is no JSON", display=name) from error
    if not isinstance(data, dict) or not _has_shape(data):
        rule = "is no certificate: xiaomi-model check --certificate FILE writes one"
        raise InputError("certificate", name, rule, display=name)
    if data["format"] != FORMAT:
        rule = f"is of format {data['format']}; this version reads format {FORMAT}"
        raise InputError("certificate", name, rule, display=name)
    return data


def _has_shape(data: Mapping[str, Any]) -> bool:
    book, verdict = data.get("book"), data.get("verdict")
    return (
        {"format", "seal", "inputs", "engines", "not_covered"} <= data.keys()
        and isinstance(book, dict)
        and {"name", "sha256", "bytes"} <= book.keys()
        and isinstance(verdict, dict)
        and "ok" in verdict
    )


def disagreements(certificate: Mapping[str, Any], book: bytes | None) -> tuple[str, ...]:
    """Why a certificate does not vouch for a workbook; nothing where it does.

    Without a workbook only the certificate itself is looked at.

    >>> disagreements({"seal": "", "book": {"sha256": "", "bytes": 3}, "verdict": {"ok": True}}, b"abc")[1]
    'the workbook has 3 bytes with SHA-256 ba7816bf8f01..., the certificate is of 3 with ...'
    """
    reasons = []
    if certificate["seal"] != _seal(certificate):
        reasons.append("the certificate was edited after it was written: its seal does not fit")
    if book is not None:
        digest, of = hashlib.sha256(book).hexdigest(), certificate["book"]
        if digest != of["sha256"] or len(book) != of["bytes"]:
            reasons.append(
                f"the workbook has {len(book)} bytes with SHA-256 {digest[:12]}..., "
                f"the certificate is of {of['bytes']} with {str(of['sha256'])[:12]}..."
            )
    if certificate["verdict"]["ok"] is not True:
        reasons.append("the check that it speaks of has failed")
    return tuple(reasons)
