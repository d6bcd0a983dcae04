"""Maintenance of the lake: compaction, expiry, orphans and old books, and what each table saved by it."""

import fnmatch
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table

from iceberg import bronze
from iceberg.catalog import NAMESPACES, prepare_lake
from iceberg.failures import service_failures
from iceberg.maintenance.books import prune_runs
from iceberg.maintenance.files import Layout, layout_of
from iceberg.maintenance.orphans import Orphans
from iceberg.maintenance.store import Store, StoredFile
from iceberg.publish import forget_outlived, outlived_snapshots
from iceberg.releases import BUILD_LOCK, Release, named_references
from iceberg.runs import catalog_database, resolved_inputs
from shoplake.core.errors import BuildError, ReleaseError, TableError, first_line
from shoplake.core.lock import only_one
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings
from spark_jobs.compact import BRONZE_BRANCH, compact_bronze, compact_release
from spark_jobs.session import spark_session

BRONZE = "bronze."
Wait = Callable[[str], None] | None


@dataclass
class TableCare:
    """What maintenance did with one table; of a dry run, what it would do without compaction.

    Attributes:
        table_name: With its layer.
        before: The files that main needs, before.
        after: The same, afterwards.
        snapshots_before: Snapshots in the metadata, before.
        snapshots_after: The same, afterwards.
        stored_before: Files under the table's location, before.
        stored_after: The same, afterwards.
        stored_bytes_before: Their size, before.
        stored_bytes_after: The same, afterwards.
        orphan_count: Files that nobody referred to, and were removed.
        orphan_bytes: Their size.
        is_compacted: Whether its rows lie in other files than before; of a dry run, whether they would.
        seconds: How long it took.
    """

    table_name: str
    before: Layout
    after: Layout
    snapshots_before: int
    snapshots_after: int
    stored_before: int = 0
    stored_after: int = 0
    stored_bytes_before: int = 0
    stored_bytes_after: int = 0
    orphan_count: int = 0
    orphan_bytes: int = 0
    is_compacted: bool = False
    seconds: float = 0.0


@dataclass
class Maintained:
    """What one maintenance did: each table, the release of the compacted ones, the runs that left the books, and what could not be done now."""

    tables: list[TableCare] = field(default_factory=list)
    release: Release | None = None
    runs_pruned: int = 0
    put_off: list[str] = field(default_factory=list)
    seconds: float = 0.0


@service_failures("maintain", refused=BuildError)
def maintain(
    settings: Settings,
    progress: Progress = silent,
    tables: Sequence[str] | None = None,
    dry_run: bool = False,
    wait_for_others: bool = True,
    on_wait: Wait = None,
    orphans_before: datetime | None = None,
) -> Maintained:
    """Compact, expire, remove orphans and prune the books; ``tables`` limits it to some, by name or pattern, and leaves the books.

    Files that nobody refers to are orphans if they were written before
    ``orphans_before``, by default as long ago as the settings say. Killed at
    any moment it leaves every table readable, and the next one does the rest.
    Raises TableError for an unknown table, BusyError where another command is
    at the same work and not to be waited for, and what a compaction raises.
    """
    started = time.monotonic()
    cutoff = orphans_before or datetime.now(UTC) - timedelta(hours=settings.orphan_age_hours)
    catalog = prepare_lake(settings)
    names = _chosen(catalog, tables)
    with only_one(settings.catalog_dsn, "maintain", wait_for_others, on_wait), closing(Store(settings)) as store:
        work = _Maintenance(settings, catalog, store, progress, wait_for_others, on_wait, cutoff, dry_run)
        work.look(names)
        if not dry_run:
            work.compact()
        work.expire()
        work.remove_orphans()
        if tables is None:
            with catalog_database(settings.catalog_dsn) as connection:
                work.result.runs_pruned = prune_runs(connection, dry_run)
    work.result.tables = list(work.care.values())
    work.result.seconds = time.monotonic() - started
    return work.result


def _chosen(catalog: SqlCatalog, patterns: Sequence[str] | None) -> list[str]:
    known = [".".join(name) for namespace in NAMESPACES for name in sorted(catalog.list_tables(namespace))]
    if patterns is None:
        return known
    chosen: dict[str, None] = {}
    for pattern in patterns:
        found = fnmatch.filter(known, pattern)
        if not found:
            near = get_close_matches(pattern, known, n=3, cutoff=0.4)
            advice = f"Did you mean {' or '.join(near)}?" if near else "`shoplake release show` lists what there is."
            raise TableError(f"maintain: the lake has no table {pattern}. {advice}")
        chosen |= dict.fromkeys(found)
    return list(chosen)


class _Maintenance:
    """The steps of one maintenance, in their order."""

    def __init__(
        self,
        settings: Settings,
        catalog: SqlCatalog,
        store: Store,
        progress: Progress,
        wait: bool,
        on_wait: Wait,
        cutoff: datetime,
        dry_run: bool,
    ) -> None:
        self.settings, self.catalog, self.store, self.progress = settings, catalog, store, progress
        self.wait, self.on_wait, self.cutoff, self.dry_run = wait, on_wait, cutoff, dry_run
        self.result = Maintained()
        self.care: dict[str, TableCare] = {}

    def look(self, names: Sequence[str]) -> None:
        """How each table is before."""
        for done, name in enumerate(names, start=1):
            started = time.monotonic()
            table = self.catalog.load_table(name)
            layout, count = layout_of(table), len(table.metadata.snapshots)
            files = list(self.store.files(table.location()))
            care = TableCare(name, layout, layout, count, count, len(files), len(files), _size(files), _size(files))
            care.is_compacted = self.dry_run and layout.is_scattered
            care.seconds = time.monotonic() - started
            self.care[name] = care
            self.progress("look at tables", done, len(names))

    def compact(self) -> None:
        """Give scattered tables fewer files: those of bronze one by one, those of silver and gold as a release."""
        scattered = [name for name, care in self.care.items() if care.before.is_scattered]
        if not scattered:
            return
        with spark_session(self.settings) as session:
            captured = [name for name in scattered if name.startswith(BRONZE)]
            for done, name in enumerate(captured, start=1):
                with self._timed(name), self._put_off():
                    self.care[name].is_compacted = compact_bronze(self.settings, self.catalog, session, name, self.wait, self.on_wait)
                self.progress("compact bronze", done, len(captured))
            refined = [name for name in scattered if name not in captured]
            seconds: dict[str, float] = {}
            if refined:
                with self._put_off():
                    self.result.release, seconds = compact_release(self.settings, self.catalog, session, refined, self.wait, self.on_wait)
            for name in seconds:
                self.care[name].is_compacted = True
                self.care[name].seconds += seconds[name]

    def expire(self) -> None:
        """Take snapshots that nothing names from the metadata."""
        for name, care in self.care.items():
            with self._timed(name), self._put_off():
                lock = bronze.INGEST_LOCK if name.startswith(BRONZE) else BUILD_LOCK
                if self.dry_run:
                    care.snapshots_after -= self._outlived(name)
                else:
                    with only_one(self.settings.catalog_dsn, lock, self.wait, self.on_wait):
                        self._expire(name)

    def _outlived(self, name: str) -> int:
        table = self.catalog.load_table(name)
        with catalog_database(self.settings.catalog_dsn) as connection:
            if name.startswith(BRONZE):
                return len(bronze.outlived(table, resolved_inputs(connection)))
            return outlived_snapshots(table, named_references(connection))

    def _expire(self, name: str) -> None:
        table = self.catalog.load_table(name)
        with catalog_database(self.settings.catalog_dsn) as connection:
            if name.startswith(BRONZE):
                self._drop_left_branch(table)
                bronze.expire(table, resolved_inputs(connection))
            else:
                forget_outlived(self.catalog, self.settings.catalog_dsn, table, named_references(connection))

    def _drop_left_branch(self, table: Table) -> None:
        """A compaction that was killed has left its branch, which names snapshots."""
        if BRONZE_BRANCH in table.metadata.refs:
            table.manage_snapshots().remove_branch(BRONZE_BRANCH).commit()

    def remove_orphans(self) -> None:
        """Remove the files that no table refers to, and see how each table is afterwards."""
        finder = Orphans(self.catalog, self.settings.catalog_dsn, self.store)
        for done, (name, care) in enumerate(self.care.items(), start=1):
            with self._timed(name):
                files, orphans = finder.of(name, self.cutoff)
                if orphans and not self.dry_run:
                    self.store.remove(orphans)
                care.orphan_count, care.orphan_bytes = len(orphans), _size(orphans)
                care.stored_after, care.stored_bytes_after = len(files) - len(orphans), _size(files) - _size(orphans)
                if not self.dry_run:
                    table = self.catalog.load_table(name)
                    care.after, care.snapshots_after = layout_of(table), len(table.metadata.snapshots)
            self.progress("remove orphans", done, len(self.care))

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.care[name].seconds += time.monotonic() - started

    @contextmanager
    def _put_off(self) -> Iterator[None]:
        """What somebody else's doing stood in the way of is left for the next maintenance; the steps after it do not wait."""
        try:
            yield
        except ReleaseError as problem:
            self.result.put_off.append(str(problem))
        except CommitFailedException as problem:
            self.result.put_off.append(f"maintain: a table was changed by somebody else at this moment ({first_line(problem)}).")


def _size(files: Sequence[StoredFile]) -> int:
    return sum(file.byte_count for file in files)
