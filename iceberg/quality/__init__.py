"""Checks that a table must pass before anyone may read it."""
