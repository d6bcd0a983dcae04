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
    def maintain() -> dict[str, str]:
        """Compact, expire, remove orphans, prune the books; what each table saved is the task's result."""
        from spark_jobs.maintain import maintain

        done = maintain(settings_with_spark(), on_wait=log.info)
        for sentence in done.put_off:
            log.warning("left for the next time: %s", sentence)
        return {
            one.table_name: (
                f"{one.before.file_count} files became {one.after.file_count}, {one.snapshots_before} snapshots {one.snapshots_after}, "
                f"{one.stored_bytes_before} bytes stored {one.stored_bytes_after}; {one.orphan_count} orphans removed, {one.seconds:.1f} s"
            )
            for one in done.tables
        }

    maintain()


maintenance()
