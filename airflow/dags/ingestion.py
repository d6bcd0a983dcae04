"""01_ingestion: what the shop committed since the last run, from PostgreSQL's log to bronze."""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException
from lake_assets import BRONZE

from shoplake.core.errors import NothingToCaptureError
from shoplake.core.settings import load_settings

log = logging.getLogger(__name__)


@dag(
    dag_id="01_ingestion",
    schedule=load_settings().pipeline_schedule,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    dagrun_timeout=timedelta(hours=2),
    tags=["shoplake"],
    doc_md=__doc__,
)
def ingestion() -> None:
    """Ingest, then wake the transformation if it has anything to do."""

    @task(retries=2, retry_delay=timedelta(seconds=10), execution_timeout=timedelta(hours=1), outlets=[BRONZE])
    def ingest() -> None:
        """Bring bronze up to the source; skipped, and so without an event, when every cut is released already."""
        from iceberg.capture.ingest import ingest
        from iceberg.releases import is_behind

        settings = load_settings()
        try:
            result = ingest(settings, on_wait=log.info)
        except NothingToCaptureError as problem:
            raise AirflowSkipException(str(problem)) from problem
        for sentence in result.left_out:
            log.warning("left out: %s", sentence)
        for sentence in result.reloads:
            log.warning("%s.", sentence)
        log.info("%d rows written to bronze in %.1f s, cut %s", result.row_count, result.seconds, result.cut)
        if not is_behind(settings):
            raise AirflowSkipException("Nothing new at the source, and everything in bronze is released.")

    ingest()


ingestion()
