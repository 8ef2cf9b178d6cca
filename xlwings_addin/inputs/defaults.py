"""What is taken where nothing else is named; kept apart, so that knowing it loads nothing."""

from __future__ import annotations

from typing import Final

DEFAULT_CASE: Final = "default"
"""The word for the case that a company opens with: `default_case` of its company.toml."""
BASE_CASE: Final = "base"
"""The case that a company opens with where its company.toml names none."""
DEFAULT_COMPANY: Final = "xiaomi"
PACKAGED: Final = "the packaged tables"
"""What messages call the project's own tables."""
