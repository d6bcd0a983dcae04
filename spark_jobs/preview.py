"""Builds edited code on a branch, lays what comes out beside the current release, and publishes nothing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError

from iceberg.catalog import open_catalog
from iceberg.differences import TableDifference, differences
from iceberg.evolution import Trial
from iceberg.failures import service_failures
from iceberg.publish import forget_outlived
from iceberg.quality.results import CheckResult, results_of
from iceberg.reader import ReleaseReader
from iceberg.releases import Release, ReleaseTable, find_release, named_references
from iceberg.runs import Run, TableRun, catalog_database, end_run, load_run
from shoplake.core.errors import BuildError, OvertakenError, first_line
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings
from spark_jobs.kpis import kpis_of
from spark_jobs.plan import begin_preview
from spark_jobs.run import abandon_run, build_waiting
from spark_jobs.tables import Tables, discover

Kpi = Decimal | int | None


@dataclass(frozen=True)
class PreviewedTable:
    """A table that was built for a look.

    Attributes:
        table_name: With its layer.
        why: Why it was built: its code was edited, it was asked for, or it reads a table that was built.
        difference: From the version in the release; None where every row is the same.
        seconds: How long it took.
    """

    table_name: str
    why: str
    difference: TableDifference | None
    seconds: float


@dataclass(frozen=True)
class Preview:
    """What edited code would make of the current release.

    Attributes:
        release: What it is compared with, and whose inputs it was built from.
        tables: The tables that were built, in that order.
        kpis: Each KPI of gold.daily_sales over all days, in the release and with the edited code.
        warnings: The checks that did not pass, none of which would stop a release.
    """

    release: Release
    tables: list[PreviewedTable]
    kpis: dict[str, tuple[Kpi, Kpi]]
    warnings: list[CheckResult]


@service_failures("preview", refused=BuildError)
def preview(settings: Settings, names: Sequence[str] = (), progress: Progress = silent) -> Preview:
    """Build tables, and all that is made of them, from the inputs of the current release, and compare.

    Without ``names`` the tables are those whose code was edited since the release.
    Readers see none of it, but for columns and tables that the code adds, which are empty and go again at the end.
    Raises what a build raises, CheckFailedError for a check that would stop the
    release included, and ReleaseError when there is none.
    """
    catalog = open_catalog(settings)
    trial = Trial(catalog)
    try:
        run = begin_preview(settings, names, trial)
    except BaseException:
        trial.undo()
        raise
    try:
        if run.waiting:
            build_waiting(settings, run, progress)
        seen = _compared(settings, catalog, run)
    except BaseException as problem:
        abandon_run(settings, run.run_id, first_line(problem))
        raise
    finally:
        trial.undo(run.branch)
        _forget(settings, catalog, run)
    return seen


def _compared(settings: Settings, catalog: SqlCatalog, run: Run) -> Preview:
    with catalog_database(settings.catalog_dsn) as connection:
        built = load_run(connection, run.run_id).tables
        results = results_of(connection, run.run_id)
        _, published = find_release(connection, run.base_release_id)
    versions = {name: _version(built[name], run) for name in run.waiting if built[name].snapshot_id is not None}
    before, after = (ReleaseReader(catalog, settings.catalog_dsn, run.base_release_id, instead) for instead in ({}, versions))
    moved = {one.table_name: one for one in differences(before, after) if one.status != "rewritten"}
    registry = discover()
    tables = [PreviewedTable(name, _why(registry, name, run, published), moved.get(name), built[name].seconds) for name in run.waiting]
    earlier, later = kpis_of(before), kpis_of(after)
    kpis = {name: (earlier.get(name), later.get(name)) for name in later}
    return Preview(before.release, tables, kpis, [result for result in results if not result.passed])


def _version(table: TableRun, run: Run) -> ReleaseTable:
    return ReleaseTable(table.table_name, table.snapshot_id or 0, table.definition, run.cut_end_lsn, table.inputs, "")


def _why(tables: Tables, name: str, run: Run, published: dict[str, ReleaseTable]) -> str:
    if name not in published:
        return "it is new"
    if run.tables[name].definition != published[name].definition:
        return "its code was edited"
    read = [source for source in tables[name].inputs if source in run.waiting]
    return f"it reads {', '.join(read)}" if read else "it was asked for"


def _forget(settings: Settings, catalog: SqlCatalog, run: Run) -> None:
    """Take the run's branches away; where somebody writes to a table meanwhile, the next release does."""
    with catalog_database(settings.catalog_dsn) as connection:
        end_run(connection, run.run_id, "previewed")
        kept = named_references(connection)
    for name in run.waiting:
        with suppress(OvertakenError, NoSuchTableError):
            forget_outlived(catalog, settings.catalog_dsn, catalog.load_table(name), kept)
