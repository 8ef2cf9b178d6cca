"""The functions and scripts as a plugin of xlwings Lite: a wheel, named in a workbook's requirements.txt.

Lite's documentation asks of a plugin that it be a regular Python package which registers scripts and
functions when it is installed; a main.py that says `from xiaomi_model_lite import *` does the same.
The form of the wheel: Python Packaging User Guide, "Binary distribution format".
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Final

from xlwings_addin.hosts.lite import bundle
from xlwings_addin.version import __version__

NAME: Final = "xiaomi_model_lite"
FILE: Final = f"{NAME}-{__version__}-py3-none-any.whl"
_INFO: Final = f"{NAME}-{__version__}.dist-info"
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_PACKAGE: Final = '''\
"""Functions for cells, and the scripts Refresh, Preview, Value, Implied, Check: plugin of xlwings Lite."""

from udfs import *  # noqa: F403
from udfs import __all__ as functions
from xlwings_addin.hosts.lite.scripts import check, implied, preview, refresh, value

__all__ = [*functions, "check", "implied", "preview", "refresh", "value"]
'''
_METADATA: Final = f"""\
Metadata-Version: 2.3
Name: {NAME.replace("_", "-")}
Version: {__version__}
Summary: Xiaomi's sum-of-the-parts valuation in xlwings Lite: functions for cells, refresh and check
License-Expression: MIT
Requires-Python: >=3.11
Requires-Dist: lxml
Requires-Dist: numpy
Requires-Dist: xlwings>=0.37.8
"""
_WHEEL: Final = "Wheel-Version: 1.0\nGenerator: xiaomi-model\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel() -> bytes:
    """The wheel: the same bytes whenever it is made."""
    files = {
        f"{NAME}/__init__.py": _PACKAGE.encode(),
        **bundle.contents(),
        f"{_INFO}/METADATA": _METADATA.encode(),
        f"{_INFO}/WHEEL": _WHEEL.encode(),
        f"{_INFO}/top_level.txt": f"{NAME}\nudfs\nxlwings_addin\n".encode(),
    }
    files[f"{_INFO}/RECORD"] = _record(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def _record(files: Mapping[str, bytes]) -> bytes:
    """The list of a wheel's files with their digests and lengths; the list itself has none."""
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for name, data in files.items()
    ]
    return ("\n".join([*lines, f"{_INFO}/RECORD,,"]) + "\n").encode()
