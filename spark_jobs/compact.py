"""Compaction: the rows of scattered tables in fewer files, on a branch, and main moved only when every row was found again."""

import time
from collections.abc import Callable, Collection

from pyiceberg.catalog.sql import SqlCatalog
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from iceberg.bronze import INGEST_LOCK
from iceberg.catalog import metadata_locations
from iceberg.evolution import is_as_published, take_back_unpublished
from iceberg.maintenance.compaction import begin_compaction, finish_compaction
from iceberg.maintenance.files import ENOUGH_FILES
from iceberg.publish import Move, adopt_branch
from iceberg.releases import BUILD_LOCK, Release, publish_run
from iceberg.runs import catalog_database
from shoplake.core.errors import BuildError, OvertakenError, ShoplakeError, first_line
from shoplake.core.lock import only_one
from shoplake.core.settings import CATALOG_NAME, Settings
from spark_jobs.failures import writing_failure
from spark_jobs.run import abandon_run
from spark_jobs.session import describe_jobs
from spark_jobs.tables import discover

BRONZE_BRANCH = "compaction"
_ATTEMPTS = 3

# Rows keep no sequence number of their own, since nobody else writes to the branch: delete files older than all rows then go by themselves.
_OPTIONS = {
    "min-input-files": ENOUGH_FILES,
    "delete-file-threshold": ENOUGH_FILES,
    "use-starting-sequence-number": "false",
    "remove-dangling-deletes": "true",
}


def compact_release(
    settings: Settings,
    catalog: SqlCatalog,
    session: SparkSession,
    names: Collection[str],
    wait: bool = True,
    on_wait: Callable[[str], None] | None = None,
) -> tuple[Release | None, dict[str, float]]:
    """Compact tables of silver and gold and publish them as a release; gives it, and the seconds of each table that has other files now.

    No release where none has. One that another release
    overtakes begins anew. Raises BuildError when a table could not be compacted
    or has other rows then, and ReleaseError when a table of the release is gone or
    somebody moved its main; the last release stays current.
    """
    with only_one(settings.catalog_dsn, BUILD_LOCK, wait, on_wait):
        for attempts_left in reversed(range(_ATTEMPTS)):
            with catalog_database(settings.catalog_dsn) as connection:
                run = begin_compaction(connection, names, metadata_locations(connection, catalog.name), discover().by_name)
            if run is None:
                return None, {}
            try:
                heads, seconds = dict[str, int](), dict[str, float]()
                for name in run.waiting:
                    started = time.monotonic()
                    take_back_unpublished(catalog, name)
                    heads[name] = _rewrite(catalog, session, name, run.branch, run.tables[name].base_snapshot_id or 0)
                    if heads[name] != run.tables[name].base_snapshot_id and not is_as_published(catalog.load_table(name), heads[name]):
                        raise OvertakenError(f"maintain: {name} was given columns by somebody else meanwhile. It stays as it is; repeat.")
                    seconds[name] = time.monotonic() - started
                with catalog_database(settings.catalog_dsn) as connection:
                    finish_compaction(connection, run, heads, seconds)
                release = publish_run(settings, run.run_id)
                return release, {name: seconds[name] for name in heads if heads[name] != run.tables[name].base_snapshot_id}
            except BaseException as problem:
                abandon_run(settings, run.run_id, first_line(problem))
                if not isinstance(problem, OvertakenError) or not attempts_left:
                    raise
    return None, {}


def compact_bronze(
    settings: Settings,
    catalog: SqlCatalog,
    session: SparkSession,
    name: str,
    wait: bool = True,
    on_wait: Callable[[str], None] | None = None,
) -> bool:
    """Compact a table of bronze while no ingest writes; gives whether it has other files now.

    What the next ingest goes on from is a property of the table and stays.
    Raises BuildError when it could not be compacted or has other rows then, and
    OvertakenError when somebody else wrote meanwhile; main stays as it was.
    """
    with only_one(settings.catalog_dsn, INGEST_LOCK, wait, on_wait):
        base = catalog.load_table(name).metadata.current_snapshot_id
        head = base if base is None else _rewrite(catalog, session, name, BRONZE_BRANCH, base)
        if head is None or head == base:
            return False
        adopt_branch(catalog, settings.catalog_dsn, BRONZE_BRANCH, Move(name, head, base))
        return True


def _rewrite(catalog: SqlCatalog, session: SparkSession, name: str, branch: str, base_snapshot_id: int) -> int:
    """Rewrite the scattered files of a snapshot on a branch; gives the branch's head, which is the base where there was nothing to do."""
    try:
        describe_jobs(session, f"{name} compact")
        full_name = f"{CATALOG_NAME}.{name}"
        session.sql(f"alter table {full_name} create or replace branch {branch} as of version {base_snapshot_id}").collect()
        options = ", ".join(f"'{key}', '{value}'" for key, value in _OPTIONS.items())
        session.sql(
            f"call {CATALOG_NAME}.system.rewrite_data_files(table => '{name}', branch => '{branch}', options => map({options}))"
        ).collect()
        # What is compared is what will be published, whatever a straggling attempt still commits to the branch.
        head = catalog.load_table(name).metadata.refs[branch].snapshot_id
        if head != base_snapshot_id:
            describe_jobs(session, f"{name} compare")
            before, now = (session.read.option("versionAsOf", str(version)).table(full_name) for version in (base_snapshot_id, head))
            # The columns of the older version, in the types of the newer one: since then some may have been added or widened.
            shared = [F.col(f"`{column}`").cast(now.schema[column].dataType).alias(column) for column in before.columns]
            if _sums(before.select(*shared)) != _sums(now.select(*shared)):
                raise BuildError(
                    f"maintain: compacting {name} would have changed its rows, so it was left as it was. Report it, with the table's properties."
                )
    except ShoplakeError:
        raise
    except Exception as problem:
        raise writing_failure(f"maintain: {name} was not compacted", problem, "It is as it was", "repeat") from problem
    return head


def _sums(rows: DataFrame) -> list[object]:
    """What equal rows share: how many there are, how many values each column has, and the sum of the rows' hashes."""
    columns = [F.col(f"`{name}`") for name in rows.columns]
    hashes = F.sum(F.xxhash64(*columns).cast("decimal(20,0)"))
    return list(rows.agg(F.count(F.lit(1)), hashes, *(F.count(column) for column in columns)).collect()[0])
