"""Turns the failures of the services under the lake into one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from shoplake.core.errors import CaptureError, ServiceError, ShoplakeError, StorageError

_NO_SPACE = 28
_DISK_FULL = "53100"
# Connection failures, and a server that shuts down or starts (PostgreSQL documentation, appendix A).
_CONNECTION_STATES = ("08", "57P")


@contextmanager
def service_failures(work: str) -> Iterator[None]:
    """Raise ServiceError in place of what PostgreSQL's or the store's client raises when it cannot be reached.

    ``work`` names the command that is to be repeated; it must be safe to repeat.
    """
    try:
        yield
    except ShoplakeError:
        raise
    except (psycopg.Error, DBAPIError) as problem:
        state = getattr(getattr(problem, "orig", problem), "sqlstate", None) or getattr(getattr(problem, "orig", None), "pgcode", None)
        if state == _DISK_FULL:
            raise StorageError(
                f"{work}: the database's disk is full ({_line(problem)}). Make room, then repeat; nothing is lost."
            ) from problem
        if state and not state.startswith(_CONNECTION_STATES):
            raise CaptureError(
                f"{work}: PostgreSQL refused ({_line(problem)}). Put that right there, then repeat; nothing is lost."
            ) from problem
        raise ServiceError(
            f"{work}: PostgreSQL stopped answering ({_line(problem)}). Start it with `shoplake up`, then repeat; nothing is lost."
        ) from problem
    except OSError as problem:
        if problem.errno == _NO_SPACE or "XMinioStorageFull" in str(problem):
            raise StorageError(f"{work}: the disk is full ({_line(problem)}). Make room, then repeat; nothing is lost.") from problem
        raise ServiceError(
            f"{work}: the store did not take or give a file ({_line(problem)}). Start it with `shoplake up`, then repeat; nothing is lost."
        ) from problem


def _line(problem: BaseException) -> str:
    text = str(getattr(problem, "orig", None) or problem).strip()
    return text.splitlines()[0][:200] if text else type(problem).__name__
