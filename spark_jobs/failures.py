"""What a table could not be written for, in one sentence, whoever of Spark, the store and the catalog's database said it."""

from iceberg.failures import full_disk, unread_file
from shoplake.core.errors import BuildError, ServiceError, ShoplakeError, StorageError, first_line

# How Spark, the store's client and the catalog's driver say that somebody does not answer.
_GONE = (
    "refused",
    "unavailable",
    "unable to execute http request",
    "timed out",
    "the connection attempt failed",
    "connection to",
    "i/o error",
    "retries_exceeded",
)


def writing_failure(what: str, problem: Exception, stays: str, again: str) -> ShoplakeError:
    """StorageError, ServiceError or BuildError for what was raised.

    ``what`` begins the sentence (``build: gold.daily_sales could not be built``),
    ``stays`` says what is untouched, ``again`` ends it with what is to be repeated.
    """
    reason = first_line(problem)
    if disk := full_disk(problem):
        return StorageError(f"{what}, because {disk} is full ({reason}). {stays}; make room on it, then {again}.")
    if unread_file(problem) or any(sign in str(problem).lower() for sign in _GONE):
        return ServiceError(
            f"{what}, because Spark, the store or the catalog's database stopped answering ({reason}). "
            f"{stays}; run `shoplake status`, then {again}."
        )
    return BuildError(f"{what} ({reason}). {stays}; correct it, then {again}.")
