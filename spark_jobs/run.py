"""The runner: builds the tables of a run on its branch, checks them, and publishes them as one release."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pyiceberg.catalog.sql import SqlCatalog
from pyspark.sql import SparkSession

from iceberg.catalog import open_catalog
from iceberg.evolution import create_or_evolve, is_as_declared
from iceberg.failures import service_failures
from iceberg.quality.checks import Severity
from iceberg.quality.results import CheckResult, record_results, results_of
from iceberg.releases import BUILD_LOCK, Release, publish_run
from iceberg.runs import Run, TableRun, catalog_database, end_run, load_run, save_table
from iceberg.snapshots import SnapshotRows
from shoplake.core.errors import BuildError, CheckFailedError, OvertakenError, ServiceError, ShoplakeError, first_line
from shoplake.core.lock import only_one
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings
from spark_jobs.audit import audit
from spark_jobs.failures import writing_failure
from spark_jobs.lake import Lake
from spark_jobs.plan import begin_run
from spark_jobs.refresh import refresh
from spark_jobs.session import spark_session
from spark_jobs.tables import LakeTable, Tables, discover

THREADS = 3
_ATTEMPTS = 3


@dataclass(frozen=True)
class Built:
    """What a build did.

    Attributes:
        run: The run, with every table in build order.
        release: What was published; None when nothing was new.
        checks: The results of all checks that ran.
        seconds: How long all of it took.
    """

    run: Run
    release: Release | None
    checks: list[CheckResult]
    seconds: float


@service_failures("build", refused=BuildError)
def build(
    settings: Settings,
    progress: Progress = silent,
    tables: Sequence[str] | None = None,
    full: bool = False,
    wait_for_others: bool = True,
    on_wait: Callable[[str], None] | None = None,
) -> Built:
    """Bring the lake up to the newest cut and publish it as one release.

    ``tables`` limits it to those and what they depend on, ``full`` computes
    them from scratch. Raises CheckFailedError when a check stops the release,
    BuildError, ServiceError or StorageError when a table could not be built; the
    last release then stays current, and the next build starts from it. A build that another
    release overtakes, as one through Airflow may, begins anew.
    """
    started = time.monotonic()
    with only_one(settings.catalog_dsn, BUILD_LOCK, wait_for_others, on_wait):
        for attempts_left in reversed(range(_ATTEMPTS)):
            run = begin_run(settings, tables, full)
            try:
                if run.waiting:
                    build_waiting(settings, run, progress)
                release = publish_run(settings, run.run_id)
                break
            except BaseException as problem:
                abandon_run(settings, run.run_id, first_line(problem))
                if not isinstance(problem, OvertakenError) or not attempts_left:
                    raise
    with catalog_database(settings.catalog_dsn) as connection:
        return Built(load_run(connection, run.run_id), release, results_of(connection, run.run_id), time.monotonic() - started)


def build_table(settings: Settings, run_id: int, name: str) -> TableRun:
    """Build one table of a run and check it, in this process; what it depends on must be built.

    Doing it again after a failure starts it anew from the last release; a table
    that is done stays as it is. Raises what :func:`build` raises.
    """
    tables = discover()
    with spark_session(settings) as session:
        return _build_table(settings, tables, open_catalog(settings), session, run_id, tables[name], {})


def abandon_run(settings: Settings, run_id: int, reason: str) -> None:
    """Record that a run failed. Its branches are removed by the next release."""
    try:
        with catalog_database(settings.catalog_dsn) as connection:
            end_run(connection, run_id, "failed", reason)
    except ServiceError:
        # The run stays open in the books; nobody can publish it once another release came.
        return


def build_waiting(settings: Settings, run: Run, progress: Progress) -> None:
    """Build the waiting tables of a run, each as soon as what it depends on is done, on a few sessions side by side."""
    tables, catalog = discover(), open_catalog(settings)
    waiting, running = dict.fromkeys(run.waiting), dict[Future[None], str]()
    total = len(waiting)
    idle: list[SparkSession] = []
    planned: dict[tuple[str, int], SnapshotRows] = {}

    def build_one(name: str) -> None:
        session = idle.pop()
        try:
            _build_table(settings, tables, catalog, session, run.run_id, tables[name], planned)
        finally:
            idle.append(session)

    with ExitStack() as sessions, ThreadPoolExecutor(max_workers=THREADS) as pool:
        opened = pool.map(lambda _: sessions.enter_context(spark_session(settings)), range(min(THREADS, total)))
        idle.extend(opened)
        while waiting or running:
            ready = [name for name in waiting if not ({*waiting, *running.values()} & {*tables[name].depends_on})]
            for name in ready:
                del waiting[name]
                running[pool.submit(build_one, name)] = name
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                del running[future]
            progress("build tables", total - len(waiting) - len(running), total)
            failures = [future.exception() for future in done if future.exception()]
            if failures:
                pool.shutdown(wait=True, cancel_futures=True)
                raise failures[0] or BuildError("build: stopped.")


def _build_table(
    settings: Settings,
    tables: Tables,
    catalog: SqlCatalog,
    session: SparkSession,
    run_id: int,
    table: LakeTable,
    planned: dict[tuple[str, int], SnapshotRows],
) -> TableRun:
    started = time.monotonic()
    with catalog_database(settings.catalog_dsn) as connection:
        run = load_run(connection, run_id)
    state = run.tables.get(table.name)
    if run.status != "running" or state is None:
        raise BuildError(f"build: run {run_id} is {run.status} or does not build {table.name}. Begin another with `shoplake build`.")
    if state.status != "waiting":
        return state
    if state.definition != table.definition(settings):
        raise BuildError(
            f"build: the code or the settings of {table.name} changed since run {run_id} began. Begin another with `shoplake build`."
        )
    missing = next((name for name in table.depends_on if name in run.tables and run.tables[name].status == "waiting"), None)
    if missing is not None:
        raise BuildError(f"build: {table.name} needs {missing}, which run {run_id} has not built yet. Build that first.")
    lake = Lake(settings, tables, catalog, session, run, planned)
    try:
        done, results = _refresh_and_check(lake, table, state)
    except ShoplakeError:
        raise
    except Exception as problem:
        raise _explained(table, problem, run) from problem
    done = replace(done, seconds=round(time.monotonic() - started, 3))
    failed = [result for result in results if not result.passed and result.severity is Severity.STOP]
    with catalog_database(settings.catalog_dsn) as connection:
        record_results(connection, run_id, table.name, results)
        if failed:
            sentence = f"{failed[0].sentence} {_stays(run)}; correct the input and run the build again."
            end_run(connection, run_id, "failed", sentence)
        else:
            save_table(connection, run_id, done)
    if failed:
        raise CheckFailedError(sentence)
    return done


def _refresh_and_check(lake: Lake, table: LakeTable, state: TableRun) -> tuple[TableRun, list[CheckResult]]:
    consumed = {name: lake.version(name) for name in table.inputs}
    settled = replace(state, status="unchanged", strategy="skip", cut_end_lsn=lake.run.cut_end_lsn, inputs=consumed)
    is_full = state.strategy == "full"
    reads_bronze = any(name in lake.run.inputs for name in table.inputs)
    if not is_full and not reads_bronze and consumed == dict(state.inputs):
        return settled, []
    # Again, since a preview may have changed it after the run was planned.
    create_or_evolve(lake.catalog, table.name, table.table, table.doc)
    refreshed = refresh(lake, table, state, is_full)
    if not refreshed.is_changed:
        return replace(settled, strategy=refreshed.strategy), []
    # What is checked is what will be published, whatever a straggling attempt still commits to the branch.
    made = lake.catalog.load_table(table.name)
    written = made.metadata.refs[lake.run.branch].snapshot_id
    if not is_as_declared(made, written, table.table):
        raise OvertakenError(
            f"build: {table.name} was given columns by a preview, or by other code, while it was built. {_stays(lake.run)}; build again."
        )
    try:
        results, row_count = audit(lake, table, refreshed, written)
    except ShoplakeError:
        raise
    except Exception as problem:
        raise writing_failure(
            f"check: a check of {table.name} could not be computed", problem, _stays(lake.run), "build again"
        ) from problem
    changed = refreshed.changed_row_count
    done = replace(
        settled,
        status="built",
        strategy=refreshed.strategy,
        snapshot_id=written,
        touched=refreshed.touched.note() if refreshed.touched is not None else None,
        changed_row_count=row_count if changed is None else changed,
    )
    return done, results


def _explained(table: LakeTable, problem: Exception, run: Run) -> ShoplakeError:
    name = table.name
    if "not_null_assert_violation" in str(problem).lower():
        # The table itself takes no such row, so there is none on the branch for the check to count.
        required = ", ".join(column.name for column in table.table.columns if column.required or column.name in table.table.key)
        return CheckFailedError(
            f"check: {name} must have a value in each of ({required}), but a row has none. {_stays(run)}; correct the input and run the build again."
        )
    return writing_failure(f"build: {name} could not be built", problem, _stays(run), "build again")


def _stays(run: Run) -> str:
    return f"Release {run.base_release_id} stays current" if run.base_release_id is not None else "Nothing was published"
