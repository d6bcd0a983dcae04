"""The cache that several stacks share: one of them at a time fills it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from shoplake.core.settings import Settings


@contextmanager
def filling(settings: Settings, what: str) -> Iterator[None]:
    """Be the only one who makes ``what`` in the cache while the body runs; look again inside whether somebody else did."""
    settings.cache.mkdir(parents=True, exist_ok=True)
    with (settings.cache / f"{what}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
