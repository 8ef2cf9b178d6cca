"""What the tests of the core share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xlwings_addin.core.errors import ValuationError

Refused = Callable[[Callable[[], object], type[ValuationError], str], None]


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Assert that a call raises exactly this kind of error, with exactly this message."""

    def check(call: Callable[[], object], error: type[ValuationError], message: str) -> None:
        with pytest.raises(error) as raised:
            call()
        assert str(raised.value) == message
        assert type(raised.value) is error

    return check
