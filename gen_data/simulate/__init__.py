"""Moves a shop's state on through time and says what changes: the same rows however time is cut into stretches."""

from gen_data.simulate.stretch import Changes, advance

__all__ = ["Changes", "advance"]
