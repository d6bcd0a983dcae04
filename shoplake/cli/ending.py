"""Ending long work well: the first Ctrl-C, or request to terminate, lets it end where it likes; the next one interrupts."""

import signal
from threading import Event

from shoplake.cli.output import Output

_ASKED_BY = (signal.SIGINT, signal.SIGTERM)


def asked_to_end(output: Output, command: str, under_way: str) -> Event:
    """An event that is set when somebody asks the process to end, who is told that ``command`` first finishes what is under way."""
    asked = Event()

    def ask(*_: object) -> None:
        asked.set()
        for number in _ASKED_BY:
            signal.signal(number, signal.default_int_handler)
        output.note(f"{command}: ends with the {under_way} under way; Ctrl-C once more ends it now.")

    for number in _ASKED_BY:
        signal.signal(number, ask)
    return asked
