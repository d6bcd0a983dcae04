"""03_maintenance: fewer files in every table, and nothing kept that nobody needs."""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task
from lake_settings import settings_with_spark

from shoplake.core.settings import load_settings

log = logging.getLogger(__name__)


@dag(
    dag_id="03_maintenance",
    schedule=load_settings().maintenance_schedule,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    dagrun_timeout=timedelta(hours=3),
    tags=["shoplake"],
    doc_md=__doc__,
)
def maintenance() -> None:
    """One task: what a killed one left undone, its retry does."""

    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(hours=1))
    def maintain() -> None:
        """Compact, expire, remove orphans, prune the books; the log says what each table saved."""
        from spark_jobs.maintain import maintain

        done = maintain(settings_with_spark(), on_wait=log.info)
        for one in done.tables:
            log.info(
                "%s: %d files with rows (%d before), %d that delete (%d), %d snapshots (%d), %d orphans of %d bytes removed, %.1f s",
                one.table_name, one.after.data_file_count, one.before.data_file_count, one.after.delete_file_count,
                one.before.delete_file_count, one.snapshots_after, one.snapshots_before, one.orphan_count, one.orphan_bytes, one.seconds,
            )  # fmt: skip
        for sentence in done.put_off:
            log.warning("left for the next time: %s", sentence)
        log.info(
            "%d bytes stored (%d before), %d runs pruned, release %s, %.1f s",
            sum(one.stored_bytes_after for one in done.tables), sum(one.stored_bytes_before for one in done.tables),
            done.runs_pruned, done.release.release_id if done.release else None, done.seconds,
        )  # fmt: skip

    maintain()


maintenance()
