"""From the source's log to a published release, once or again and again: what Airflow does by schedule, in one process."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event

from iceberg.capture.ingest import IngestResult, ingest
from shoplake.core.errors import CheckFailedError, ServiceError
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings
from spark_jobs.run import Built, build

# How long a service may be away before following gives up.
_PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Round:
    """One ingest and the build after it.

    Attributes:
        ingested: What came to bronze.
        built: What was built of it.
        seconds: Wall time of both.
    """

    ingested: IngestResult
    built: Built
    seconds: float


def run_round(
    settings: Settings, progress: Progress = silent, wait_for_others: bool = True, on_wait: Callable[[str], None] | None = None
) -> Round:
    """Ingest what the source has committed by now and publish a release of it. Raises what :func:`ingest` and :func:`build` raise."""
    started = time.monotonic()
    ingested = ingest(settings, wait=wait_for_others, on_wait=on_wait, progress=progress)
    built = build(settings, progress, wait_for_others=wait_for_others, on_wait=on_wait)
    return Round(ingested, built, time.monotonic() - started)


def follow(
    settings: Settings, pause_seconds: float, stop: Event, on_wait: Callable[[str], None] | None = None
) -> Iterator[Round | CheckFailedError | ServiceError]:
    """Round after round until ``stop`` is set, which ends it between two rounds; those in which nothing new was found are left out.

    What a check refuses is given in place of the round, and built again once the
    cut has moved; so is a service that does not answer, which is asked
    again after the pause. Raises ServiceError when one stays away for ten
    minutes, and at once what else :func:`run_round` raises.
    """
    # The cut that was published or refused: by whomever rows were ingested, as long as it stands there is nothing to build.
    settled, away_since = None, None
    while not stop.is_set():
        started = time.monotonic()
        try:
            ingested = ingest(settings, on_wait=on_wait)
            if ingested.cut != settled:
                try:
                    built = build(settings, on_wait=on_wait)
                except CheckFailedError as problem:
                    yield problem
                else:
                    if built.release is not None:
                        yield Round(ingested, built, time.monotonic() - started)
                settled = ingested.cut
            away_since = None
        except ServiceError as problem:
            away_since = away_since or started
            if time.monotonic() - away_since > _PATIENCE_SECONDS:
                raise
            yield problem
        stop.wait(pause_seconds)
