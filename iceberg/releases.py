"""Releases: numbered states of the whole lake, each one version of every table, consistent with each other."""

from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from iceberg.catalog import gone_from_catalog, metadata_locations, open_catalog, prepare_lake
from iceberg.cuts import latest_cut
from iceberg.failures import service_failures
from iceberg.publish import ANY, RELEASE_TAG, RUN_BRANCH, Move, move_tables
from iceberg.quality.results import CheckResult, results_of
from iceberg.runs import NO_SNAPSHOT, Run, catalog_database, end_run, load_run, under_way
from shoplake.core.errors import OvertakenError, ReleaseError
from shoplake.core.lock import only_one
from shoplake.core.settings import Settings

BUILD_LOCK = "build"
"""The lock (see ``shoplake.core.lock``) of whoever moves the tables of silver and gold."""

RELEASES_KEPT = 60
"""How many of the newest releases keep their snapshots; older ones are expired."""


@dataclass(frozen=True)
class ReleaseTable:
    """The version of a table in a release, and what that version has consumed (see ``iceberg.runs.TableRun``)."""

    table_name: str
    snapshot_id: int
    definition: str
    cut_end_lsn: int
    inputs: Mapping[str, int]
    metadata_location: str


@dataclass(frozen=True)
class Release:
    """A release.

    Attributes:
        release_id: Its number; the next one is higher by one.
        published_at: When it became current.
        run_id: The run that built it; None for a rollback.
        rolled_back_to: The release whose state a rollback restored.
        cut_end_lsn: The source's log position up to which it is complete.
        is_current: Whether it is what readers see.
        is_expired: Whether its snapshots are no longer promised.
    """

    release_id: int
    published_at: datetime
    run_id: int | None
    rolled_back_to: int | None
    cut_end_lsn: int
    is_current: bool
    is_expired: bool

    @property
    def state(self) -> str:
        """current, kept or expired."""
        return "current" if self.is_current else "expired" if self.is_expired else "kept"


@dataclass(frozen=True)
class RolledBack:
    """What a rollback made.

    Attributes:
        release: The new release.
        withdrawn: Tables of the former release that the earlier one did not have yet, and that have no rows until they are built again.
        gone: Tables of the earlier release that neither the catalog nor any code has any more.
    """

    release: Release
    withdrawn: list[str]
    gone: list[str]


@dataclass(frozen=True)
class ReleaseDetail:
    """A release with its tables and the results of its checks."""

    release: Release
    tables: list[ReleaseTable]
    checks: list[CheckResult]


def latest_release(connection: psycopg.Connection[Any]) -> tuple[Release | None, dict[str, ReleaseTable]]:
    """The current release with its tables by name; (None, {}) before the first."""
    release = next(iter(_releases(connection, "order by release_id desc limit 1")), None)
    return release, ({table.table_name: table for table in _tables(connection, release.release_id)} if release else {})


def find_release(connection: psycopg.Connection[Any], release_id: int | None = None) -> tuple[Release, dict[str, ReleaseTable]]:
    """A release, the current one by default, with its tables by name; it takes no more than to read the books.

    Raises ReleaseError when there is none of that number, or none at all.
    """
    row = connection.execute("select to_regclass('shoplake.releases')").fetchone()
    release, tables = latest_release(connection) if row and row[0] else (None, {})
    if release is None:
        raise ReleaseError(
            f"release: there is no release {release_id}. There is none yet: run `shoplake build`."
            if release_id is not None
            else "release: there is none yet. Run `shoplake build`."
        )
    if release_id is None or release_id == release.release_id:
        return release, tables
    return _find(connection, release_id), {table.table_name: table for table in _tables(connection, release_id)}


@service_failures("release", refused=ReleaseError)
def list_releases(settings: Settings) -> list[Release]:
    """All releases, newest first. Raises ServiceError when the catalog's database does not answer."""
    prepare_lake(settings)
    with catalog_database(settings.catalog_dsn) as connection:
        return _releases(connection, "order by release_id desc")


def is_behind(settings: Settings) -> bool:
    """Whether bronze holds something that no finished run has consumed; runs that were asked for some tables only do not count.

    A rollback does not count: what it took back returns with the next change,
    not by itself. Raises ServiceError when the catalog's database does not answer.
    """
    with catalog_database(settings.catalog_dsn) as connection:
        cut = latest_cut(connection)
        row = connection.execute(
            """
            select max(cut_end_lsn) from shoplake.runs where status in ('published', 'nothing_new') and not is_limited
            """
        ).fetchone()
    consumed = row[0] if row else None
    return cut is not None and (consumed is None or consumed < cut)


@service_failures("release", refused=ReleaseError)
def show_release(settings: Settings, release_id: int) -> ReleaseDetail:
    """One release in full. Raises ReleaseError when there is none of that number."""
    prepare_lake(settings)
    with catalog_database(settings.catalog_dsn) as connection:
        release = _find(connection, release_id)
        checks = results_of(connection, release.run_id) if release.run_id is not None else []
        return ReleaseDetail(release, _tables(connection, release_id), checks)


def named_references(connection: psycopg.Connection[Any]) -> set[str]:
    """The tags and branches of silver and gold that must stay: of releases that are promised, and of runs under way."""
    promised = _releases(connection, "order by release_id desc limit %(kept)s", kept=RELEASES_KEPT)
    return {f"{RELEASE_TAG}{release.release_id}" for release in promised} | {f"{RUN_BRANCH}{run_id}" for run_id in under_way(connection)}


def publish_run(settings: Settings, run_id: int) -> Release | None:
    """Make the tables of a finished run the current release, all at once.

    A run that is published already gives its release again, one that changed
    no table gives None. Raises ReleaseError when another release came between, a
    table is not built yet, or main of a table was moved by somebody else.
    """
    catalog = open_catalog(settings)
    with catalog_database(settings.catalog_dsn) as connection:
        run = load_run(connection, run_id)
        published = next(iter(_releases(connection, "where run_id = %(run)s", run=run_id)), None)
        current, base = latest_release(connection)
        numbers = [
            release.release_id for release in _releases(connection, "order by release_id desc limit %(kept)s", kept=RELEASES_KEPT - 1)
        ]
        if published or run.status == "nothing_new":
            return published
        _require_publishable(run, current)
        if all(table.status != "built" for table in run.tables.values()):
            end_run(connection, run_id, "nothing_new")
            return None
    release_id = (current.release_id if current else 0) + 1
    versions = {name: table for name, table in run.tables.items() if table.snapshot_id is not None}
    moves = [Move(name, table.snapshot_id or 0, table.base_snapshot_id or ANY) for name, table in versions.items()]

    def record(transaction: psycopg.Connection[Any], locations: dict[str, str]) -> None:
        _insert(transaction, release_id, run.cut_end_lsn, run_id=run_id)
        for name, table in versions.items():
            version = ReleaseTable(
                name, table.snapshot_id or 0, table.definition, table.cut_end_lsn or run.cut_end_lsn, table.inputs, locations[name]
            )
            _insert_table(transaction, release_id, version)
        # What the run did not plan for, such as a table whose code was removed, stays as it was; where the table is removed too, it goes.
        for name in (base.keys() - versions.keys()) & metadata_locations(transaction, catalog.name).keys():
            _insert_table(transaction, release_id, base[name])
        end_run(transaction, run_id, "published")

    move_tables(catalog, settings.catalog_dsn, moves, release_id, numbers, record)
    with catalog_database(settings.catalog_dsn) as connection:
        return _find(connection, release_id)


@service_failures("release", refused=ReleaseError)
def rollback(
    settings: Settings,
    release_id: int,
    declared: Collection[str] = (),
    wait: bool = True,
    on_wait: Callable[[str], None] | None = None,
) -> RolledBack:
    """Make the state of an earlier release current again, as a new release.

    Puts every table's main to that release's snapshot, wherever main is now, so
    it also repairs a main that somebody else moved. A table that the earlier
    release did not have yet is no part of the new one and has no main, so that
    nobody reads it beside older ones; its snapshots stay for the releases that
    have it, and the next build that is to make it makes it anew. The next build
    starts from there and consumes again what came since.

    Raises ReleaseError when there is no such release, it is expired, or one of
    its tables is gone from the catalog though still ``declared``; BusyError
    when a build is at work and not to be waited for.
    """
    with only_one(settings.catalog_dsn, BUILD_LOCK, wait, on_wait):
        return _roll_back(settings, release_id, declared)


def still_there(versions: Mapping[str, ReleaseTable], present: Container[str], declared: Collection[str]) -> dict[str, ReleaseTable]:
    """The versions whose tables are ``present`` in the catalog, without those that nobody declares or has any more.

    Raises ReleaseError for a table that is gone though ``declared``: a release without it would let the next build give its name away.
    """
    gone = [name for name in versions if name not in present]
    if mourned := sorted({*gone} & {*declared}):
        raise ReleaseError(f"release: {gone_from_catalog(mourned[0])}")
    return {name: version for name, version in versions.items() if name not in gone}


def _roll_back(settings: Settings, release_id: int, declared: Collection[str] = ()) -> RolledBack:
    catalog = prepare_lake(settings)
    with catalog_database(settings.catalog_dsn) as connection:
        wanted = _find(connection, release_id)
        if wanted.is_expired:
            raise ReleaseError(
                f"release: {release_id} is expired, its snapshots are no longer kept. Choose one of the newest {RELEASES_KEPT}."
            )
        current, now = latest_release(connection)
        present = metadata_locations(connection, catalog.name)
        had = {table.table_name: table for table in _tables(connection, release_id)}
        versions = still_there(had, present, declared)
        younger = [name for name in now if name not in had and name in present]
        numbers = [
            release.release_id for release in _releases(connection, "order by release_id desc limit %(kept)s", kept=RELEASES_KEPT - 1)
        ]
    next_id = (current.release_id if current else release_id) + 1

    def record(transaction: psycopg.Connection[Any], locations: dict[str, str]) -> None:
        _insert(transaction, next_id, wanted.cut_end_lsn, rolled_back_to=release_id)
        for name, table in versions.items():
            _insert_table(transaction, next_id, ReleaseTable(**{**vars(table), "metadata_location": locations[name]}))

    wanted_mains = {name: table.snapshot_id for name, table in versions.items()} | dict.fromkeys(younger, NO_SNAPSHOT)
    left = {name: table.snapshot_id for name, table in now.items()}
    moves = [Move(name, snapshot_id, ANY, left.get(name, NO_SNAPSHOT)) for name, snapshot_id in wanted_mains.items()]
    move_tables(catalog, settings.catalog_dsn, moves, next_id, numbers, record)
    with catalog_database(settings.catalog_dsn) as connection:
        return RolledBack(_find(connection, next_id), younger, [name for name in had if name not in versions])


def _require_publishable(run: Run, current: Release | None) -> None:
    if run.status != "running":
        raise ReleaseError(f"release: run {run.run_id} is {run.status}. Run `shoplake build` again.")
    if run.base_release_id != (current.release_id if current else None):
        raise OvertakenError(f"release: another release was published since run {run.run_id} began. Run `shoplake build` again.")
    if run.waiting:
        raise ReleaseError(f"release: {run.waiting[0]} of run {run.run_id} is not built yet. Build it, then publish.")


def _find(connection: psycopg.Connection[Any], release_id: int) -> Release:
    found = _releases(connection, "where release_id = %(release)s", release=release_id)
    if found:
        return found[0]
    newest = _releases(connection, "order by release_id desc limit 1")
    known = f"Choose one from 1 to {newest[0].release_id}." if newest else "There is none yet: run `shoplake build`."
    raise ReleaseError(f"release: there is no release {release_id}. {known}")


def _releases(connection: psycopg.Connection[Any], which: str, **values: Any) -> list[Release]:
    with connection.cursor(row_factory=class_row(Release)) as cursor:
        return cursor.execute(
            f"""
            select release_id, published_at, run_id, rolled_back_to, cut_end_lsn,
                   release_id = (select max(release_id) from shoplake.releases) as is_current,
                   release_id <= (select max(release_id) from shoplake.releases) - %(promised)s as is_expired
            from shoplake.releases {which}
            """.encode(),  # noqa: S608 -- only this module's own clauses, values are bound
            {**values, "promised": RELEASES_KEPT},
        ).fetchall()


def _tables(connection: psycopg.Connection[Any], release_id: int) -> list[ReleaseTable]:
    with connection.cursor(row_factory=class_row(ReleaseTable)) as cursor:
        return cursor.execute(
            """
            select table_name, snapshot_id, definition, cut_end_lsn, inputs, metadata_location
            from shoplake.release_tables where release_id = %s order by table_name
            """,
            (release_id,),
        ).fetchall()


def _insert(
    transaction: psycopg.Connection[Any], release_id: int, cut_end_lsn: int, run_id: int | None = None, rolled_back_to: int | None = None
) -> None:
    try:
        transaction.execute(
            "insert into shoplake.releases (release_id, run_id, rolled_back_to, cut_end_lsn) values (%s, %s, %s, %s)",
            (release_id, run_id, rolled_back_to, cut_end_lsn),
        )
    except psycopg.errors.UniqueViolation as problem:
        raise ReleaseError(
            f"release: {release_id} was published by somebody else at this moment. Nothing was published; repeat."
        ) from problem


def _insert_table(transaction: psycopg.Connection[Any], release_id: int, table: ReleaseTable) -> None:
    transaction.execute(
        """
        insert into shoplake.release_tables (release_id, table_name, snapshot_id, definition, cut_end_lsn, inputs, metadata_location)
        values (%s, %s, %s, %s, %s, %s, %s)
        """,
        (
            release_id,
            table.table_name,
            table.snapshot_id,
            table.definition,
            table.cut_end_lsn,
            Jsonb(dict(table.inputs)),
            table.metadata_location,
        ),
    )
