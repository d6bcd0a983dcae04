"""Publishing: main of many tables moves in one transaction of the catalog's database, or of none.

Each table's next metadata file is written first and nobody refers to it. Then
one transaction makes all of them current, each only if its table is still as
it was loaded, and records the release. A crash before it leaves files without
reference; a reader of the catalog sees the old state of all tables or the new.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.table import StagedTable, Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.update import (
    AssertRefSnapshotId,
    RemoveSnapshotRefUpdate,
    RemoveSnapshotsUpdate,
    SetSnapshotRefUpdate,
    TableRequirement,
    TableUpdate,
)

from iceberg.catalog import gone_from_catalog
from iceberg.failures import service_failures
from iceberg.runs import NO_SNAPSHOT, catalog_database
from shoplake.core.errors import OvertakenError, ReleaseError

RUN_BRANCH = "run_"
RELEASE_TAG = "release_"


@dataclass(frozen=True)
class Move:
    """A table whose main is to become a snapshot.

    Attributes:
        table_name: With its layer.
        snapshot_id: The snapshot to become main; with ``NO_SNAPSHOT`` there is to be no main, and no rows for who names no snapshot.
        expected_main: What main must be until then (None: no main yet); ``ANY`` takes main from wherever it is.
        left: What the release before has, to be kept for it: a table that nobody builds any more is carried over from
            release to release without a tag, since main names it. ``NO_SNAPSHOT`` where that has no such table.
    """

    table_name: str
    snapshot_id: int
    expected_main: int | None = None
    left: int = NO_SNAPSHOT


ANY = -1
"""An ``expected_main`` that every main meets; snapshot ids are positive."""

Record = Callable[[psycopg.Connection[Any], dict[str, str]], None]


def move_tables(catalog: SqlCatalog, dsn: str, moves: Sequence[Move], release_id: int, promised: Iterable[int], record: Record) -> None:
    """Make every move, tag the new mains as ``release_id``, and call ``record``, in one transaction at ``dsn``.

    ``record`` gets the transaction and the new metadata location of each table.
    Branches of runs are removed, since none can be published on top of what
    moved, and so are tags of releases that are neither ``promised`` nor this one,
    and snapshots that nothing names any more.
    Raises ReleaseError when a main is not what it must be, or a table is changed
    by somebody else meanwhile; then nothing has moved.
    """
    kept_tags = {f"{RELEASE_TAG}{number}" for number in [*promised, release_id]}
    with ThreadPoolExecutor(max_workers=8) as pool:
        staged = list(pool.map(lambda move: _stage(catalog, move, release_id, kept_tags), moves))
        with catalog_database(dsn) as transaction:
            # In one order for all, so that two publishers wait for each other and never for ever.
            for before, after in sorted(staged, key=lambda pair: pair[1].name()):
                _point(transaction, catalog.name, before, after)
            record(transaction, {".".join(after.name()): after.metadata_location for _, after in staged})
        # Files that the metadata's log no longer holds, as after each commit of PyIceberg's own.
        list(pool.map(lambda pair: catalog._delete_old_metadata(pair[1].io, pair[0].metadata, pair[1].metadata), staged))


def _stage(catalog: SqlCatalog, move: Move, release_id: int, kept_tags: set[str]) -> tuple[Table, StagedTable]:
    try:
        table = catalog.load_table(move.table_name)
    except NoSuchTableError as problem:
        raise ReleaseError(f"release: {gone_from_catalog(move.table_name)}") from problem
    if move.snapshot_id != NO_SNAPSHOT and table.metadata.snapshot_by_id(move.snapshot_id) is None:
        raise ReleaseError(
            f"release: snapshot {move.snapshot_id} of {move.table_name} is no longer there. Run `shoplake build`, or choose a newer release."
        )
    requirements: tuple[TableRequirement, ...] = ()
    if move.expected_main != ANY:
        requirements = (AssertRefSnapshotId(ref=MAIN_BRANCH, snapshot_id=move.expected_main),)
    updates: list[TableUpdate] = [RemoveSnapshotRefUpdate(ref_name=MAIN_BRANCH)]
    if move.snapshot_id != NO_SNAPSHOT:
        updates = [
            _refer(MAIN_BRANCH, SnapshotRefType.BRANCH, move.snapshot_id),
            _refer(f"{RELEASE_TAG}{release_id}", SnapshotRefType.TAG, move.snapshot_id),
        ]
    if table.metadata.snapshot_by_id(move.left) is not None:
        updates.append(_refer(f"{RELEASE_TAG}{release_id - 1}", SnapshotRefType.TAG, move.left))
    # Every commit rewrites the whole list of snapshots; the files of those that leave it are for maintenance to remove.
    updates += _outlived(table.metadata, {move.snapshot_id, move.left}, kept_tags)
    try:
        after = catalog._update_and_stage_table(table, table.name(), requirements, tuple(updates))
    except CommitFailedException as problem:
        raise ReleaseError(
            f"release: main of {move.table_name} was moved by somebody else since the run began. Nothing was published; "
            "put it back with `shoplake release rollback`, then build again."
        ) from problem
    with service_failures("release"):
        catalog._write_metadata(after.metadata, after.io, after.metadata_location)
    return table, after


def _outlived(metadata: TableMetadata, named: AbstractSet[int], kept_names: AbstractSet[str]) -> list[TableUpdate]:
    """What takes away branches of runs and tags of releases but for ``kept_names``, and snapshots that nothing else names, nor ``named``."""
    updates: list[TableUpdate] = []
    still_named = set(named)
    for name, reference in metadata.refs.items():
        is_run = reference.snapshot_ref_type == SnapshotRefType.BRANCH and name.startswith(RUN_BRANCH)
        is_release = reference.snapshot_ref_type == SnapshotRefType.TAG and name.startswith(RELEASE_TAG)
        if (is_run or is_release) and name not in kept_names:
            updates.append(RemoveSnapshotRefUpdate(ref_name=name))
        elif name != MAIN_BRANCH:
            still_named.add(reference.snapshot_id)
    forgotten = [snapshot.snapshot_id for snapshot in metadata.snapshots if snapshot.snapshot_id not in still_named]
    return [*updates, RemoveSnapshotsUpdate(snapshot_ids=forgotten)] if forgotten else updates


def outlived_snapshots(table: Table, kept_names: AbstractSet[str]) -> int:
    """How many snapshots :func:`forget_outlived` would take from a table."""
    return sum(len(update.snapshot_ids) for update in _forgetting(table, kept_names) if isinstance(update, RemoveSnapshotsUpdate))


def forget_outlived(catalog: SqlCatalog, dsn: str, table: Table, kept_names: AbstractSet[str]) -> None:
    """Take away branches of runs and tags of releases but for ``kept_names``, and every snapshot that neither they nor main name.

    Raises OvertakenError when the table is no longer as it was loaded; then it stays as it is.
    """
    updates = _forgetting(table, kept_names)
    if updates:
        _change(catalog, dsn, table, updates)


def _forgetting(table: Table, kept_names: AbstractSet[str]) -> list[TableUpdate]:
    main = table.current_snapshot()
    return _outlived(table.metadata, {main.snapshot_id} if main else set(), kept_names)


def adopt_branch(catalog: SqlCatalog, dsn: str, branch: str, move: Move) -> None:
    """Make one move alone, and remove the branch that its snapshot was made on.

    Raises OvertakenError when main is not what it must be, or the table is changed by somebody else meanwhile; then it stays as it is.
    """
    table = catalog.load_table(move.table_name)
    main = table.metadata.current_snapshot_id
    if main != move.expected_main:
        raise OvertakenError(f"maintain: main of {move.table_name} was moved by somebody else meanwhile. It stays as it is; repeat.")
    _change(catalog, dsn, table, [_refer(MAIN_BRANCH, SnapshotRefType.BRANCH, move.snapshot_id), RemoveSnapshotRefUpdate(ref_name=branch)])


def _change(catalog: SqlCatalog, dsn: str, table: Table, updates: Sequence[TableUpdate]) -> None:
    """Change the metadata of one table, if it is still as it was loaded."""
    after = catalog._update_and_stage_table(table, table.name(), (), tuple(updates))
    with service_failures("maintain"):
        catalog._write_metadata(after.metadata, after.io, after.metadata_location)
        with catalog_database(dsn) as transaction:
            _point(transaction, catalog.name, table, after)
        catalog._delete_old_metadata(after.io, table.metadata, after.metadata)


def _refer(name: str, kind: Literal[SnapshotRefType.TAG, SnapshotRefType.BRANCH], snapshot_id: int) -> SetSnapshotRefUpdate:
    return SetSnapshotRefUpdate(
        ref_name=name, type=kind, snapshot_id=snapshot_id, max_ref_age_ms=None, max_snapshot_age_ms=None, min_snapshots_to_keep=None
    )


def _point(transaction: psycopg.Connection[Any], catalog_name: str, before: Table, after: StagedTable) -> None:
    namespace, table_name = after.name()
    moved = transaction.execute(
        """
        update iceberg_tables set metadata_location = %s, previous_metadata_location = %s
        where catalog_name = %s and table_namespace = %s and table_name = %s and metadata_location = %s
        """,
        (after.metadata_location, before.metadata_location, catalog_name, namespace, table_name, before.metadata_location),
    )
    if moved.rowcount != 1:
        raise OvertakenError(
            f"release: {namespace}.{table_name} was changed by somebody else at this moment. Nothing was published; repeat."
        )
