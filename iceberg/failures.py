"""Turns the failures of the services under the lake into one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from shoplake.core.errors import ServiceError, ShoplakeError, StorageError

_NO_SPACE = 28


@contextmanager
def service_failures(work: str) -> Iterator[None]:
    """Raise ServiceError in place of what PostgreSQL's or the store's client raises when it cannot be reached.

    ``work`` names the command that is to be repeated; it must be safe to repeat.
    """
    try:
        yield
    except ShoplakeError:
        raise
    except (psycopg.OperationalError, psycopg.InterfaceError, DBAPIError) as problem:
        if isinstance(problem, psycopg.errors.DiskFull):
            raise StorageError(
                f"{work}: the database's disk is full ({_line(problem)}). Make room, then repeat; nothing is lost."
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
