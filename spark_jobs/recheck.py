"""Runs the declared checks on what readers see now, rather than on what a build is about to publish."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from iceberg.catalog import open_catalog
from iceberg.failures import service_failures
from iceberg.quality.checks import LedgerCheck, SumCheck, looks_into
from iceberg.quality.results import CheckResult, results_of_version
from iceberg.releases import Release, ReleaseTable, find_release
from iceberg.runs import Run, TableRun, catalog_database
from shoplake.core.errors import BuildError, TableError
from shoplake.core.settings import Settings
from spark_jobs.audit import audit
from spark_jobs.lake import Lake
from spark_jobs.refresh import EVERYTHING, Refreshed
from spark_jobs.session import spark_session
from spark_jobs.tables import LakeTable, discover

_THREADS = 3


@dataclass(frozen=True)
class Rechecked:
    """A check as it turns out over all rows now, beside what the build of this version recorded over the rows that it wrote; None where it recorded nothing."""

    now: CheckResult
    recorded: CheckResult | None


@service_failures("check", refused=BuildError)
def recheck(settings: Settings, names: Sequence[str] = ()) -> tuple[Release, list[Rechecked]]:
    """Check tables of the current release, all of them by default, over all rows that main has now; nothing is recorded.

    Main is what every plain client reads, also where somebody wrote to it by hand.
    Raises TableError for a table that is unknown or not in the release,
    ReleaseError when there is no release, ServiceError when Spark does not answer.
    """
    tables = discover()
    catalog = open_catalog(settings)
    with catalog_database(settings.catalog_dsn) as connection:
        release, versions = find_release(connection)
        chosen = list(dict.fromkeys(tables[name].name for name in names)) or [name for name in tables.by_name if name in versions]
        missing = next((name for name in chosen if name not in versions), None)
        if missing is not None:
            raise TableError(
                f"check: release {release.release_id} does not hold {missing}. Run `shoplake build --table {missing}`, then repeat."
            )
        recorded = {
            (name, result.check_name): result
            for name in chosen
            for result in results_of_version(connection, name, versions[name].snapshot_id)
        }
    as_published = {
        name: TableRun(name, "kept", version.definition, snapshot_id=version.snapshot_id, inputs=version.inputs)
        for name, version in versions.items()
    }
    run = Run(release.run_id or 0, "published", release.release_id, release.cut_end_lsn, False, {}, as_published)

    def check_some(some: Sequence[str]) -> list[CheckResult]:
        with spark_session(settings) as session:
            lake = Lake(settings, tables, catalog, session, run)
            return [result for name in some for result in _checked(lake, tables[name], versions[name])]

    shares = [share for share in (chosen[start::_THREADS] for start in range(_THREADS)) if share]
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        results = [result for share in pool.map(check_some, shares) for result in share]
    results.sort(key=lambda result: (chosen.index(result.table_name), result.check_name))
    return release, [Rechecked(result, recorded.get((result.table_name, result.check_name))) for result in results]


def _checked(lake: Lake, table: LakeTable, version: ReleaseTable) -> list[CheckResult]:
    # A table is compared with what it was made from, which a later build of its input alone may have left behind.
    compared = {check: looks_into(check) for check in table.table.checks if isinstance(check, SumCheck | LedgerCheck)}
    # What bronze held of the rows that a build wrote can no longer be told from what came since.
    left_out = {check for check, others in compared.items() if any(other.startswith("bronze.") for other in others)}
    inputs = {
        other: lake.read(other, version.inputs[other]) for check, others in compared.items() if check not in left_out for other in others
    }
    checks = tuple(check for check in table.table.checks if check not in left_out)
    comparable = replace(table, table=replace(table.table, checks=checks))
    main = lake.catalog.load_table(table.name).metadata.current_snapshot_id or version.snapshot_id
    results, _ = audit(lake, comparable, Refreshed("check", False, None, EVERYTHING, inputs), main)
    return results
