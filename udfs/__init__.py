"""The functions for cells, one thin definition each, as any project of xlwings imports them.

    UDF_MODULES = udfs          classic xlwings on Windows, button Import Functions
    from udfs import *          a project of xlwings Server, or main.py of xlwings Lite

Where xlwings is installed, and its decorators do something, every function bears them with all texts of the
function wizard (`xlwings_addin.functions.for_xlwings`); elsewhere they are plain functions.
"""

from udfs import capital, dcf, fact, implied, multiples, ramp, simulation, sotp, val
from xlwings_addin.functions.for_xlwings import published
from xlwings_addin.functions.registry import REGISTRY

_MODULES = (capital, dcf, fact, implied, multiples, ramp, simulation, sotp, val)
_NAMES = [name for name in REGISTRY if any(hasattr(module, name) for module in _MODULES)]

globals().update(published(_NAMES, __name__))

__all__ = list(_NAMES)
