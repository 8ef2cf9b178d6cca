"""The project's service as a program: LibreOffice asks over a pipe where its own Python cannot import it.

Questions come in on standard input, answers go out on standard output, pickled. What a command needs of the
workbook is asked the other way, and while that is answered cells may call functions.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, Final

from xlwings_addin.hosts.libreoffice import service

FROM_CELLS: Final[Mapping[str, Callable[..., object]]] = {"call": service.call, "explain": service.explain}
"""The questions that also come while a command runs."""


class Pipe:
    """The other end: questions come from there, and what a command asks of the workbook is asked there."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def __getattr__(self, method: str) -> Any:
        return partial(self._ask, method)

    def _ask(self, method: str, *arguments: object) -> Any:
        self._send("ask", method, arguments)
        kind, answer = self._received()
        if kind == "failed":
            raise service.CommandError(answer)
        return answer

    def serve(self) -> None:
        """Carry out commands until the other end closes the pipe."""
        with suppress(EOFError):
            while True:
                _, command = self._received()
                self._answer(service.run, command, self)

    def _received(self) -> tuple[str, Any]:
        """The next message that is no question of a cell; those are answered."""
        while True:
            kind, *content = pickle.load(self._incoming)
            if kind not in FROM_CELLS:
                return kind, content[0]
            self._answer(FROM_CELLS[kind], *content)

    def _answer(self, answering: Callable[..., object], *question: Any) -> None:
        try:
            answer = answering(*question)
        except Exception as error:
            self._send("failed", str(error))
        else:
            self._send("answer", answer)

    def _send(self, *message: object) -> None:
        pickle.dump(message, self._outgoing, protocol=4)
        self._outgoing.flush()


def main() -> None:
    """Answer over standard input and output."""
    pipe = Pipe(sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout = sys.stderr  # whatever a library prints must not mix with the answers
    pipe.serve()


if __name__ == "__main__":
    main()
