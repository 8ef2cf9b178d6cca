"""The bodies of the functions, found by file in the folder `udfs` beside this package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "udfs"


def load() -> None:
    """Run the modules of `udfs/`, each of which registers its functions.

    They run under names of their own, not as `udfs`: a user may have a module of that name. Where `udfs`
    itself is being imported from the same folder, that does the work.
    """
    if not FOLDER.is_dir():
        raise ImportError(f"folder {FOLDER} must hold the functions: install xiaomi-model again")
    imported = sys.modules.get("udfs")
    if FOLDER in map(Path, getattr(imported, "__path__", ())):
        return
    for path in sorted(FOLDER.glob("*.py")):
        if path.name != "__init__.py":
            _run(f"{__name__}.{path.stem}", path)


def _run(name: str, path: Path) -> None:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
