"""02_transformation: silver and gold from bronze, checked, published as one release.

A task a table; the edges are what the tables' transforms name as their inputs.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import TaskGroup, TriggerRule, dag, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from lake_assets import BRONZE, RELEASE
from lake_settings import settings_with_spark

from shoplake.core.errors import CheckFailedError, OvertakenError, ReleaseError
from shoplake.core.settings import load_settings
from spark_jobs.tables import discover

# 10, 20 and 40 seconds: a service that is started anew is back by then.
RETRIED = {
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2,
    "execution_timeout": timedelta(minutes=30),
}


@dag(
    dag_id="02_transformation",
    schedule=[BRONZE],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    dagrun_timeout=timedelta(hours=2),
    tags=["shoplake"],
    doc_md=__doc__,
)
def transformation() -> None:
    """Begin a run, build every table of it, publish."""

    @task(**RETRIED)
    def begin() -> int:
        """Resolve every input once; the tasks of the run share what was resolved by its number."""
        from spark_jobs.plan import begin_run

        run = begin_run(load_settings())
        if not run.waiting:
            raise AirflowSkipException("Nothing new in bronze since the last release.")
        return run.run_id

    @task(**RETRIED)
    def build(table: str, lake_run: int) -> None:
        """Build one table on the run's branch and check it there; a failed check fails the run at once."""
        from spark_jobs.run import build_table

        try:
            build_table(settings_with_spark(), lake_run, table)
        except CheckFailedError as problem:
            raise AirflowFailException(str(problem)) from problem

    @task(**RETRIED, outlets=[RELEASE])
    def publish(lake_run: int) -> int:
        """Make all tables of the run the current release, in one catalog transaction."""
        from iceberg.releases import publish_run
        from spark_jobs.run import abandon_run

        try:
            release = publish_run(load_settings(), lake_run)
        except OvertakenError as problem:
            # What the other release did not take in comes with the next ingestion's event.
            abandon_run(load_settings(), lake_run, str(problem))
            raise AirflowSkipException(str(problem)) from problem
        except ReleaseError as problem:
            raise AirflowFailException(str(problem)) from problem
        if release is None:
            raise AirflowSkipException("No table changed, so the last release stays current.")
        return release.release_id

    @task(trigger_rule=TriggerRule.ONE_FAILED)
    def abandon(lake_run: int) -> None:
        """Close the run in the lake's books; fails, so that the DAG run does."""
        from spark_jobs.run import abandon_run

        abandon_run(load_settings(), lake_run, "A task of its DAG run failed.")
        raise AirflowFailException(f"Run {lake_run} was abandoned; the last release stays current. The failed task's log says why.")

    lake_run = begin()
    published = publish(lake_run)
    published >> abandon(lake_run)
    tables = discover().selected(load_settings())
    groups = {layer: TaskGroup(group_id=layer) for layer in dict.fromkeys(name.split(".")[0] for name in tables.by_name)}
    built: dict[str, Any] = {}
    for name, table in tables.by_name.items():
        layer, short_name = name.split(".", 1)
        with groups[layer]:
            built[name] = build.override(task_id=short_name)(name, lake_run)
        for source in table.depends_on:
            if source in built:
                built[source] >> built[name]
        built[name] >> published


transformation()
