"""The fonts of the PDF: subsets of Noto Sans SC with the characters of `characters.txt` and no others.

    python -m supply.fonts FOLDER

FOLDER holds `NotoSansSC_400Regular.ttf` and `NotoSansSC_700Bold.ttf`, as the npm package
@expo-google-fonts/noto-sans-sc 0.4.3 has them, and its licence, the SIL Open Font License 1.1, which allows
subsets and asks that the licence comes along. The same files give the same subsets, byte for byte.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fontTools import subset

FONTS = Path(__file__).parents[1] / "xlwings_addin" / "report" / "fonts"
CHARACTERS = FONTS / "characters.txt"
"""Beside the ranges below: Chinese characters of companies and their names in titles."""
WEIGHTS = {
    "NotoSansSC_400Regular.ttf": "NotoSansSC-Regular.ttf",
    "NotoSansSC_700Bold.ttf": "NotoSansSC-Bold.ttf",
}
RANGES = (
    range(0x20, 0x7F),  # Basic Latin
    range(0xA0, 0x180),  # Latin-1 Supplement, Latin Extended-A
    range(0x2010, 0x2028),  # dashes and quotation marks
    (0x2030, 0x2032, 0x2033, 0x20AC, 0x2122, 0x2190, 0x2191, 0x2192, 0x2193),
    (0x2212, 0x2248, 0x2260, 0x2264, 0x2265, 0x25B2, 0x25BC),
    range(0x3000, 0x3003),  # Chinese space, comma and full stop
    (0xFF08, 0xFF09, 0xFF0C, 0xFF1A),  # full-width brackets, comma and colon
)


def characters() -> str:
    """All characters that a subset has, where the font has them."""
    latin = "".join(chr(code) for codes in RANGES for code in codes)
    return latin + "".join(CHARACTERS.read_text(encoding="utf-8").split())


def write_subset(source: Path, target: Path) -> None:
    """Write the part of a font that the report needs."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["kern", "locl"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.notdef_outline = True
    options.recalc_timestamp = False
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters())
    subsetter.subset(font)
    subset.save_font(font, str(target), options)


def main(folder: Path) -> None:
    """Write both weights and the licence."""
    for source, target in WEIGHTS.items():
        write_subset(folder / source, FONTS / target)
    shutil.copy(folder / "LICENSE_FONT", FONTS / "OFL.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
