"""Begins a run: resolves every input once, and finds without Spark what can stay as it is."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table as IcebergTable

from iceberg.bronze import LEFT_OUT, position_of
from iceberg.catalog import gone_from_catalog, metadata_locations, prepare_lake
from iceberg.cuts import latest_cut
from iceberg.evolution import Trial, create_or_evolve
from iceberg.releases import Release, ReleaseTable, find_release, latest_release
from iceberg.runs import NO_SNAPSHOT, Run, RunInput, TableRun, catalog_database, known_inputs, start_run
from iceberg.table import Table
from shoplake.core.errors import BuildError, ReleaseError, TableError
from shoplake.core.settings import Settings
from spark_jobs.tables import LakeTable, Tables, discover


def begin_run(settings: Settings, tables: Sequence[str] | None = None, full: bool = False) -> Run:
    """Resolve the cut and every input, and record a run that other processes can join by its number.

    ``tables`` limits the run to those and what they depend on, else the settings say which; with ``full``
    they are computed from scratch. A run with nothing to do has the status
    ``nothing_new``. Raises TableError for an unknown table or input, or for one
    that is gone and not computed from scratch; ReleaseError when main of a table
    is not what the last release made it.
    """
    registry = discover()
    chosen = registry.with_inputs(tables) if tables is not None else list(registry.selected(settings).by_name)
    rebuilt = set(tables or chosen) if full else set()
    catalog = prepare_lake(settings)
    with catalog_database(settings.catalog_dsn) as connection:
        # The cut first: what is resolved after it holds everything up to it.
        cut = latest_cut(connection)
        if cut is None:
            raise BuildError("build: nothing was ingested yet. Run `shoplake ingest` first.")
        release, base = latest_release(connection)
        locations = metadata_locations(connection, catalog.name)
        known = known_inputs(connection)
    base = _versions_to_start_from(base, registry, locations, rebuilt)
    bronze = [name for name in registry.bronze if any(name in registry[table].inputs for table in chosen)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        inputs = {i.table_name: i for i in pool.map(lambda name: _resolve(catalog, name, locations, known, registry), bronze)}
        make = partial(create_or_evolve, catalog)
        list(pool.map(lambda name: _prepare(make, registry[name], settings, release, base.get(name), locations), chosen))
    planned: dict[str, TableRun] = {}
    for name in registry.by_name:
        before = base.get(name)
        if name in chosen:
            is_kept = name not in rebuilt and _is_settled(registry[name], settings, before, planned, inputs, cut)
            planned[name] = _plan(registry[name], settings, before, cut, is_kept, name in rebuilt)
        elif before is not None:
            planned[name] = _kept(before, before.cut_end_lsn)
    with catalog_database(settings.catalog_dsn) as connection:
        return start_run(
            connection, release.release_id if release else None, cut, full, inputs, list(planned.values()), is_limited=tables is not None
        )


def begin_preview(settings: Settings, names: Sequence[str], trial: Trial) -> Run:
    """Record a run that builds tables anew, and all that is made of them, from what the current release was built from.

    Without ``names`` the tables are those whose code is no longer what the release
    was built with. What their code declares is made on ``trial``. A run with nothing to build has the status ``nothing_new``.
    Raises TableError for an unknown table, ReleaseError when there is no release
    or main of a table is not what it made it.
    """
    registry = discover()
    catalog = prepare_lake(settings)
    with catalog_database(settings.catalog_dsn) as connection:
        release, base = find_release(connection)
        locations, known = metadata_locations(connection, catalog.name), known_inputs(connection)
    base = _versions_to_start_from(base, registry, locations, set())
    edited = [name for name in base if name in registry.by_name and base[name].definition != registry[name].definition(settings)]
    wanted = {registry[name].name for name in names or edited}
    # What is not in the release is made where somebody asks for it, or needs it.
    followers = {name for name in registry.with_readers(wanted) if name in base or name in wanted}
    chosen = [name for name in registry.with_inputs([*followers]) if name in followers or name not in base]
    bronze = [name for name in registry.bronze if any(name in registry[table].inputs for table in chosen)]
    inputs = {name: _resolve(catalog, name, locations, known, registry) for name in bronze}
    for name in chosen:
        _prepare(trial.create_or_evolve, registry[name], settings, release, base.get(name), locations)
    planned = {
        name: _plan(registry[name], settings, base.get(name), release.cut_end_lsn, is_kept=False, is_rebuilt=True)
        if name in chosen
        else _kept(base[name], base[name].cut_end_lsn)
        for name in registry.by_name
        if name in chosen or name in base
    }
    with catalog_database(settings.catalog_dsn) as connection:
        return start_run(connection, release.release_id, release.cut_end_lsn, True, inputs, list(planned.values()), is_limited=True)


def _versions_to_start_from(
    base: Mapping[str, ReleaseTable], registry: Tables, locations: Mapping[str, str], rebuilt: AbstractSet[str]
) -> dict[str, ReleaseTable]:
    """The versions to start from. A table that is gone has none if it is ``rebuilt``; else this raises, before an empty one takes its name."""
    gone = {name for name in base if name in registry.by_name and name not in locations}
    for name in sorted(gone - rebuilt):
        raise TableError(f"build: {gone_from_catalog(name)}")
    return {name: version for name, version in base.items() if name not in gone}


def _resolve(catalog: SqlCatalog, name: str, locations: dict[str, str], known: dict[str, RunInput], registry: Tables) -> RunInput:
    if name in known and locations.get(name) == known[name].metadata_location:
        return known[name]
    reader = next(table.name for table in registry.by_name.values() if name in table.inputs)
    try:
        table = catalog.load_table(name)
    except NoSuchTableError as problem:
        raise TableError(f"build: {reader} reads {name}, which does not exist. Run `shoplake ingest` so that it is captured.") from problem
    if reason := table.properties.get(LEFT_OUT):
        # It still is as of when it was left: with the others of the new cut it would make a state that never was.
        raise TableError(
            f"build: {reader} reads {name}, which is not captured any more ({reason}). "
            f"Have it captured again and run `shoplake ingest`, or leave its readers out of SHOPLAKE_TABLES."
        )
    snapshot = table.current_snapshot()
    return RunInput(name, snapshot.snapshot_id if snapshot else NO_SNAPSHOT, position_of(table), table.metadata_location)


def _prepare(
    make: Callable[[str, Table, str], IcebergTable],
    table: LakeTable,
    settings: Settings,
    release: Release | None,
    base: ReleaseTable | None,
    locations: dict[str, str],
) -> None:
    """Make the table as declared, and make sure that main is what the last release published."""
    is_as_left = base is not None and locations.get(table.name) == base.metadata_location
    if is_as_left and base is not None and base.definition == table.definition(settings):
        return
    existing = make(table.name, table.table, table.doc)
    main = existing.current_snapshot()
    if release is not None and base is not None and (main is None or main.snapshot_id != base.snapshot_id):
        raise ReleaseError(
            f"release: main of {table.name} is not what release {release.release_id} published: somebody wrote to it. "
            f"Run `shoplake release rollback {release.release_id}` to put it back, then build again."
        )


def _is_settled(
    table: LakeTable, settings: Settings, base: ReleaseTable | None, planned: dict[str, TableRun], inputs: dict[str, RunInput], cut: int
) -> bool:
    """Whether no input moved since the table's version consumed them, and its code is the same."""
    if base is None or base.definition != table.definition(settings):
        return False
    for name in table.inputs:
        consumed = base.inputs.get(name)
        if name in inputs:
            now = inputs[name]
            if consumed != now.snapshot_id or not _holds_nothing_behind(now, base.cut_end_lsn, cut):
                return False
        elif planned[name].status != "kept" or planned[name].snapshot_id != consumed:
            return False
    return True


def _holds_nothing_behind(bronze: RunInput, consumed_lsn: int, cut: int) -> bool:
    """Whether a snapshot that was consumed up to a position surely has no rows between that and the cut."""
    if consumed_lsn == cut or bronze.snapshot_id == NO_SNAPSHOT:
        return True
    return bronze.position_end_lsn is not None and bronze.position_end_lsn <= consumed_lsn


def _plan(table: LakeTable, settings: Settings, base: ReleaseTable | None, cut: int, is_kept: bool, is_rebuilt: bool) -> TableRun:
    definition = table.definition(settings)
    if base is None:
        return TableRun(table.name, "waiting", definition, "full")
    if is_kept:
        return _kept(base, cut)
    strategy = "full" if is_rebuilt or base.definition != definition else None
    return TableRun(table.name, "waiting", definition, strategy, base.snapshot_id, base.snapshot_id, base.cut_end_lsn, base.inputs)


def _kept(base: ReleaseTable, cut: int) -> TableRun:
    return TableRun(base.table_name, "kept", base.definition, "keep", base.snapshot_id, base.snapshot_id, cut, base.inputs)
