"""One tree of failures. Each is a sentence for the user and an exit code for the shell.

A message says what happened, to what, and what to do. The command line prints
it; ``--debug`` adds the traceback. Exit code 2 is left to wrong usage of the
command line itself.
"""

import re

_MOST_CHARACTERS = 300
# PostgreSQL's code and words (its documentation, appendix A); of the init file, which a session writes as it begins, it gives no reason.
_DISK_FULL = "53100"
_DISK_FULL_WORDS = ("no space left on device", "could not write init file")
_TOLD_BY_CALL = re.compile(r'<\w+ of RPC that terminated with:[\s\S]*?details = "(.*?)"?$', re.MULTILINE)


class ShoplakeError(Exception):
    """Anything that Shoplake can explain. Raise a subclass."""

    exit_code = 1


class SettingsError(ShoplakeError):
    """A setting or option has a value that cannot be used."""

    exit_code = 2


class PrerequisiteError(ShoplakeError):
    """Something the machine must bring is missing or has the wrong version."""

    exit_code = 10


class DownloadError(ShoplakeError):
    """A download failed or is not what was pinned."""

    exit_code = 11


class StorageError(ShoplakeError):
    """A folder cannot be written, or a disk is full."""

    exit_code = 12


class PortTakenError(ShoplakeError):
    """A port that a service needs belongs to somebody else, or may not be listened on."""

    exit_code = 13


class ServiceError(ShoplakeError):
    """A service did not start, does not answer, or stopped; trying again may work."""

    exit_code = 14


class BusyError(ShoplakeError):
    """Another command is at the same work."""

    exit_code = 15


class ShopError(ShoplakeError):
    """The shop's database or generator refuses: not ours, other seed, unknown scenario."""

    exit_code = 20


class CaptureError(ShoplakeError):
    """The source cannot be captured as it is."""

    exit_code = 30


class NothingToCaptureError(CaptureError):
    """The source has no table yet that can be captured."""


class DefinitionChangedError(CaptureError):
    """A table's definition changed rows while it was captured; trying again takes it anew."""


class TableError(ShoplakeError):
    """A lake table is unknown, declared wrongly, or not what its declaration says."""

    exit_code = 40


class BuildError(ShoplakeError):
    """A transformation failed; the last release is untouched."""

    exit_code = 41


class CheckFailedError(ShoplakeError):
    """A check that stops the release did not pass; the last release is untouched."""

    exit_code = 42


class ReleaseError(ShoplakeError):
    """A release is unknown, or cannot be published or rolled back to."""

    exit_code = 43


class QueryError(ShoplakeError):
    """A question to the lake cannot be understood or answered."""

    exit_code = 44


class OvertakenError(ReleaseError):
    """Another release was published since this run began; a new run takes in both."""


def first_line(problem: BaseException) -> str:
    """The first line of what a library says went wrong, without its full stop, to stand within a sentence of ours."""
    # SQLAlchemy wraps the driver's own error in text of several lines; a failed call of gRPC has its words apart.
    details = getattr(problem, "details", None)
    words = str(details()) if callable(details) else str(getattr(problem, "orig", None) or problem)
    # Spark's client passes on the whole report of a failed call where the server could not say more.
    told = _TOLD_BY_CALL.match(words)
    words = told[1] if told else words
    return (words.strip().splitlines() or [type(problem).__name__])[0][:_MOST_CHARACTERS].rstrip(". ")


def postgres_code(problem: BaseException) -> str | None:
    """The SQLSTATE with an error of PostgreSQL's client, or of SQLAlchemy for it; None where none came, as from a session that never began."""
    met = getattr(problem, "orig", problem)
    return getattr(met, "sqlstate", None) or getattr(met, "pgcode", None)


def postgres_disk_is_full(problem: BaseException) -> bool:
    """Whether PostgreSQL's client, or SQLAlchemy for it, tells that the server's disk is full: by its code or, where none came, in words."""
    met = getattr(problem, "orig", problem)
    # What both of its clients' errors have is asked for, as importing one of them would slow every command's start.
    if not (hasattr(met, "sqlstate") or hasattr(met, "pgcode")):
        return False
    if code := postgres_code(problem):
        return code == _DISK_FULL
    return any(sign in str(met).lower() for sign in _DISK_FULL_WORDS)


def does_not_answer(who: str, problem: BaseException) -> ShoplakeError:
    """The failure of a service of the stack that cannot be reached; ``who`` begins the sentence."""
    if postgres_disk_is_full(problem):
        return StorageError(f"{who} has a full disk ({first_line(problem)}). Make room on it, then repeat.")
    return ServiceError(f"{who} does not answer ({first_line(problem)}). Start it with `shoplake up`, then repeat.")
