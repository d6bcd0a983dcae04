"""How long work tells the outside how far it is, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Called with a step's name, what is done and, where known, the total (same unit)."""

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        """Take note of the progress of one step."""


def silent(step: str, done: int, total: int | None = None) -> None:
    """Progress for callers that do not listen."""
