"""Ctrl-C while much is computed."""

from __future__ import annotations

import signal

import pytest

from xlwings_addin.cluster.stopping import stopped_by_user


def test_the_first_ctrl_c_is_noted_and_the_second_ends_the_program() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stopped_by_user() as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_host_that_minds_ctrl_c_itself_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # The signal module says None of a handler that was not installed from Python, and does not take it back.
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(signal, "getsignal", lambda _: None)
    with stopped_by_user() as stop:
        monkeypatch.undo()
        assert signal.getsignal(signal.SIGINT) is before
        assert not stop.is_set()
