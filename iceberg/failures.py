"""Turns the failures of the services under the lake into one sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from shoplake.core.errors import CaptureError, ServiceError, ShoplakeError, StorageError, first_line, postgres_code, postgres_disk_is_full

# Connection failures, and a server that shuts down or starts (PostgreSQL documentation, appendix A).
_CONNECTION_STATES = ("08", "57P")
# How an operating system, through whatever library, and MinIO say that a disk is full; and how to tell who said it.
_FULL = "no space left on device"
_STORE_FULL = ("xminiostoragefull", "minimum free drive threshold")
_STORE_WORDS = ("aws error", "s3exception")
# How DuckDB passes on what Arrow could not read.
_UNREAD = "failed: IOError:"
_POSTGRESQL_WORDS = ("could not extend file", "could not write to file")


@contextmanager
def service_failures(work: str, refused: type[ShoplakeError] = CaptureError) -> Iterator[None]:
    """Raise a sentence in place of what PostgreSQL's or the store's client raises: ServiceError, StorageError or ``refused``.

    ``work`` names the command that is to be repeated; it must be safe to
    repeat. ``refused`` is raised where PostgreSQL answers that it will not.
    """
    try:
        yield
    except (psycopg.Error, DBAPIError) as problem:
        raise database_failure(work, problem, refused) from problem
    except OSError as problem:
        raise store_failure(work, problem) from problem


def database_failure(work: str, problem: psycopg.Error | DBAPIError, refused: type[ShoplakeError] = CaptureError) -> ShoplakeError:
    """What PostgreSQL's client met, as :func:`service_failures` says it."""
    state = postgres_code(problem)
    reason = first_line(problem)
    if postgres_disk_is_full(problem):
        return StorageError(f"{work}: PostgreSQL's disk is full ({reason}). Make room on it, then repeat; nothing is lost.")
    if state and not state.startswith(_CONNECTION_STATES):
        return refused(f"{work}: PostgreSQL refused ({reason}). Put that right there, then repeat; nothing is lost.")
    return ServiceError(f"{work}: PostgreSQL stopped answering ({reason}). Start it with `shoplake up`, then repeat; nothing is lost.")


def full_disk(problem: BaseException) -> str | None:
    """Whose disk is full, as far as an error tells; None when it tells of no such thing."""
    words = str(problem).lower()
    if any(sign in words for sign in _STORE_FULL):
        return "the store's disk"
    if getattr(problem, "errno", None) != errno.ENOSPC and _FULL not in words:
        return None
    # Arrow, Spark and the drivers within them pass on what the server said.
    if any(sign in words for sign in _STORE_WORDS):
        return "the store's disk"
    return "PostgreSQL's disk" if any(sign in words for sign in _POSTGRESQL_WORDS) else "a disk of this machine"


def unread_file(problem: BaseException) -> OSError | None:
    """What a file could not be read for, told by an error itself or by DuckDB; None when it tells of no such thing."""
    if isinstance(problem, OSError):
        return problem
    _, passed_on, reason = str(problem).partition(_UNREAD)
    return OSError(reason.strip()) if passed_on else None


def store_failure(work: str, problem: OSError) -> ShoplakeError:
    """What a file's reader or writer met, as :func:`service_failures` says it."""
    reason = first_line(problem)
    if disk := full_disk(problem):
        return StorageError(f"{work}: {disk} is full ({reason}). Make room on it, then repeat; nothing is lost.")
    return ServiceError(
        f"{work}: the store did not take or give a file ({reason}). Start it with `shoplake up`, then repeat; nothing is lost."
    )
