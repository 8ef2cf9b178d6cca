"""Python's search for circular garbage, put off while a workbook is read.

Reading makes a few objects for every cell and no circles; the search looks at all of them again and again,
a quarter of the time that a large workbook takes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """No search for circular garbage inside the block; afterwards it is as it was."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
