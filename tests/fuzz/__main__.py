"""`make fuzz`: as many cases of every surface as FUZZ_CASES says, from the seed FUZZ_SEED.

FUZZ_SURFACES names some surfaces, FUZZ_START the first number, FUZZ_PATIENCE multiplies the time of a case.
"""

from __future__ import annotations

import os
import sys
import warnings

from tests.fuzz.campaign import run
from tests.fuzz.surfaces import SURFACES


def main() -> int:
    """Print the counts and the bad cases; 1 if there was one."""
    warnings.simplefilter("ignore")
    setting = os.environ.get
    bad = 0
    for surface in setting("FUZZ_SURFACES", " ".join(SURFACES)).split():
        tally = run(
            surface,
            seed=int(setting("FUZZ_SEED", "20240308")),
            cases=int(setting("FUZZ_CASES", "2000")),
            start=int(setting("FUZZ_START", "0")),
            patience=float(setting("FUZZ_PATIENCE", "1")),
        )
        print(tally, *tally.findings, sep="\n", flush=True)
        bad += tally.bad
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
