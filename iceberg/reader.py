"""Asking the lake at one release, with identities that may only read and without Spark."""

from __future__ import annotations

import json
import re
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa
from psycopg.rows import dict_row
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from iceberg.catalog import gone_from_catalog
from iceberg.cuts import source_read_at
from iceberg.dialect import DUCKDB
from iceberg.failures import service_failures, store_failure, unread_file
from iceberg.quality.results import CheckResult, results_of_version
from iceberg.releases import Release, ReleaseTable, find_release
from iceberg.runs import NO_SNAPSHOT, catalog_database
from iceberg.snapshots import SnapshotRows
from shoplake.core.errors import QueryError, ReleaseError, ShoplakeError, TableError
from shoplake.core.settings import CATALOG_NAME

_PLACE = re.compile(r"\n+LINE (\d+): (.*)\n( *)\^", re.DOTALL)
_MOST_NEAR = 3
# A table whose files are no larger is read once and kept: opening its files anew would take most of an answer's time.
_KEPT_BYTES = 4 << 20
# What a query may name without it being a table of the lake.
_ENGINE_SCHEMAS = ("information_schema", "pg_catalog", "main", "temp")
_INSTANT = pa.timestamp("us", "UTC")
_RELEASES: dict[str, pa.DataType] = {
    "release_id": pa.int64(),
    "published_at": _INSTANT,
    "run_id": pa.int64(),
    "rolled_back_to": pa.int64(),
    "cut_end_lsn": pa.int64(),
}
_CHECK_RESULTS: dict[str, pa.DataType] = {
    "release_id": pa.int64(),
    "run_id": pa.int64(),
    "table_name": pa.string(),
    "check_name": pa.string(),
    "severity": pa.string(),
    "passed": pa.bool_(),
    "failing_count": pa.int64(),
    "failing_keys": pa.list_(pa.string()),
    "sentence": pa.string(),
    "checked_at": _INSTANT,
}
_BOOKS: dict[str, tuple[str, dict[str, pa.DataType]]] = {
    "ops.releases": (
        """
        select release_id, published_at, run_id, rolled_back_to, cut_end_lsn from shoplake.releases
        where release_id <= %(release)s order by release_id
        """,
        _RELEASES,
    ),
    "ops.check_results": (
        """
        select release.release_id, result.run_id, table_name, check_name, severity, passed, failing_count,
               array(select array_to_string(array(select jsonb_array_elements_text(key)), ',') from jsonb_array_elements(examples) key)
                   as failing_keys,
               sentence, checked_at
        from shoplake.check_results result left join shoplake.releases release using (run_id)
        where checked_at <= (select published_at from shoplake.releases where release_id = %(release)s)
        order by result.run_id, table_name, check_name
        """,
        _CHECK_RESULTS,
    ),
}


class ReleaseReader:
    """The tables of one release, whatever is published meanwhile.

    What was opened once stays open, and what is small is kept: asking again reads rows of large tables alone.
    """

    def __init__(
        self,
        catalog: Catalog,
        dsn: str,
        release_id: int | None = None,
        instead: Mapping[str, ReleaseTable] = MappingProxyType({}),
        declared: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """Pin a release, the current one by default; ``dsn`` is the catalog's database.

        Versions in ``instead`` are read in place of the release's own. ``declared``
        names the tables that a build can make, and is only called where somebody
        asks for a table that the release does not hold. Raises ReleaseError when
        there is no such release, or it is expired.
        """
        self._catalog = catalog
        self._dsn = dsn
        self._declared = declared
        self.release, published = self._find(release_id)
        self.versions = {**published, **instead}
        self._opened: dict[str, Table] = {}
        self._asked: dict[str, SnapshotRows] = {}

    def _find(self, release_id: int | None) -> tuple[Release, dict[str, ReleaseTable]]:
        with service_failures("lake", refused=ReleaseError), catalog_database(self._dsn) as connection:
            release, versions = find_release(connection, release_id)
        if release.is_expired:
            raise ReleaseError(f"release: {release.release_id} is expired, its snapshots are no longer kept. Choose a newer one.")
        return release, versions

    @property
    def names(self) -> list[str]:
        """The tables of the release, and the lake's books as tables ``ops``."""
        return [*sorted(self.versions), *sorted(_BOOKS)]

    def version(self, name: str) -> ReleaseTable:
        """The version of a table in the release. Raises TableError, with near names, where there is none."""
        if name in self.versions:
            return self.versions[name]
        raise self._unknown(name)

    def rows(self, name: str, snapshot_id: int | None = None) -> SnapshotRows:
        """The rows of a table in the release, or at another snapshot of it."""
        if snapshot_id is None:
            if name not in self._asked:
                self._asked[name] = self.rows(name, self.version(name).snapshot_id)
            return self._asked[name]
        table = self._open(name)
        if snapshot_id == NO_SNAPSHOT:
            return SnapshotRows(table, [])
        if table.metadata.snapshot_by_id(snapshot_id) is None:
            # Written since the table was opened, or gone.
            self._opened.pop(name)
            table = self._open(name)
        if table.metadata.snapshot_by_id(snapshot_id) is None:
            raise ReleaseError(f"release: snapshot {snapshot_id} of {name} is no longer kept. Choose a newer release.")
        with service_failures("lake", refused=ReleaseError):
            return SnapshotRows(table, list(table.scan(snapshot_id=snapshot_id).plan_files()))

    def changes(self, name: str) -> SnapshotRows:
        """The rows of a bronze table as it is now; what the release consumed of them lies up to the cut of a version."""
        snapshot = self._open(name).current_snapshot()
        return self.rows(name, snapshot.snapshot_id if snapshot else NO_SNAPSHOT)

    def waiting_since(self, name: str, cut_end_lsn: int) -> datetime | None:
        """When the first change of a bronze table behind a cut was committed at the source; None where none is known."""
        with duckdb.connect() as engine:
            engine.execute("set timezone = 'UTC'")
            engine.register("changes", self.changes(name))
            query = "select min(_committed_at) as first from changes where _end_lsn > ?"
            first: datetime | None = engine.sql(query, params=[cut_end_lsn]).to_arrow_table().to_pylist()[0]["first"]
        return first

    def captured_at(self) -> datetime | None:
        """When changes of the source were last read into bronze; None where that is not known."""
        with service_failures("lake", refused=ReleaseError), catalog_database(self._dsn) as connection:
            return source_read_at(connection)

    def checks(self, name: str) -> list[CheckResult]:
        """What the checks of a table found when its version was built."""
        with service_failures("lake", refused=ReleaseError), catalog_database(self._dsn) as connection:
            return results_of_version(connection, name, self.version(name).snapshot_id)

    def has_table(self, name: str) -> bool:
        """Whether the catalog still has a table; False for one that was retired from code and catalog."""
        with service_failures("lake", refused=ReleaseError):
            return self._catalog.table_exists(name)

    def _open(self, name: str) -> Table:
        if name not in self._opened:
            try:
                with service_failures("lake", refused=ReleaseError):
                    self._opened[name] = self._catalog.load_table(name)
            except NoSuchTableError as problem:
                raise TableError(f"table: {gone_from_catalog(name)}") from problem
        return self._opened[name]

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        engine = duckdb.connect(config={"python_enable_replacements": "false"})
        engine.execute(f"attach ':memory:' as {CATALOG_NAME}")
        engine.execute(f"use {CATALOG_NAME}")
        engine.execute("set timezone = 'UTC'")
        # A question reads the release, never files of this machine, and cannot change its own surroundings.
        engine.execute("set enable_external_access = false")
        engine.execute("set lock_configuration = true")
        weakref.finalize(self, engine.close)
        return engine

    def sql(self, query: str, values: Sequence[Any] = ()) -> pa.Table:
        """What DuckDB answers to one ``select`` over the release's tables; ``values`` stand where the query has a question mark.

        Raises QueryError for what is no question or cannot be answered, with the
        place in it, and TableError, with near names, for an unknown table.
        """
        try:
            statements = self._engine.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise QueryError("sql: that is not one select. The lake is only read here; ask one question at a time, such as `select 1`.")
            for schema, table in _tables_in(self._engine, query):
                self._show(schema, table)
            answer: pa.Table = self._engine.sql(query, params=list(values)).to_arrow_table()
        except duckdb.Error as problem:
            raise self._explained(problem, query, values) from problem
        except OSError as problem:
            raise self._unread(problem) from problem
        return answer

    def _explained(self, problem: duckdb.Error, query: str, values: Sequence[Any]) -> ShoplakeError:
        if unread := unread_file(problem):
            return self._unread(unread)
        # Only a plain execution tells the place; planned alone, nothing is read for it.
        if not _PLACE.search(str(problem)):
            try:
                self._engine.execute(f"explain\n{query}", list(values)).fetchall()
            except duckdb.Error as told:
                return query_error(told, lines_before=1)
        return query_error(problem)

    def _unread(self, problem: OSError) -> ShoplakeError:
        # Where maintenance took the files, because the release expired since it was pinned, the store is not to blame.
        self._find(self.release.release_id)
        return store_failure("lake", problem)

    def _show(self, schema: str, table: str) -> None:
        """Let the engine know a table that a query names."""
        if schema in _ENGINE_SCHEMAS:
            return
        known = f"{schema}.{table}".lower()
        if known not in self.versions and known not in _BOOKS:
            raise self._unknown(f"{schema}.{table}" if schema else table)
        shown = self._engine.execute("select 1 from duckdb_views() where schema_name = ? and view_name = ?", known.split(".")).fetchall()
        if shown:
            return
        rows = self._book(known) if known in _BOOKS else self.rows(known)
        if isinstance(rows, SnapshotRows) and rows.byte_count <= _KEPT_BYTES:
            rows = rows.scanner().to_table()
        self._engine.register(known, rows)
        self._engine.execute(f"create schema if not exists {DUCKDB.quoted(known.split('.')[0])}")
        self._engine.execute(f"create view {'.'.join(map(DUCKDB.quoted, known.split('.')))} as select * from {DUCKDB.quoted(known)}")  # noqa: S608

    def _book(self, name: str) -> pa.Table:
        query, columns = _BOOKS[name]
        with service_failures("lake", refused=ReleaseError), catalog_database(self._dsn) as connection:
            rows = connection.cursor(row_factory=dict_row).execute(query.encode(), {"release": self.release.release_id}).fetchall()
        return pa.Table.from_pylist(rows, schema=pa.schema([pa.field(column, kind) for column, kind in columns.items()]))

    def _unknown(self, name: str) -> TableError:
        declared, meant = self._declared(), name.lower()
        if meant in declared:
            return TableError(
                f"lake: release {self.release.release_id} does not hold {meant}. "
                f"`shoplake build --table {meant}` makes it, and publishes a release that does."
            )
        known_names = list(dict.fromkeys([*self.names, *sorted(declared)]))
        by_short_name = [known for known in known_names if known.rpartition(".")[2] == name.rpartition(".")[2]]
        near = by_short_name or get_close_matches(name, known_names, n=_MOST_NEAR, cutoff=0.4)
        advice = f"Did you mean {' or '.join(near)}?" if near else f"`shoplake release show {self.release.release_id}` lists what it has."
        return TableError(f"lake: release {self.release.release_id} has no table {name}. {advice}")


def query_error(problem: duckdb.Error, lines_before: int = 0) -> QueryError:
    """What DuckDB found wrong with a query, as one sentence with the place where it was found."""
    words = str(problem)
    place = _PLACE.search(words)
    message = " ".join((words[: place.start()] if place else words).partition("Error: ")[2].split()) or type(problem).__name__
    message = message[0].lower() + message[1:]
    at = f" (line {int(place[1]) - lines_before}, column {len(place[3]) - len(f'LINE {place[1]}: ') + 1})" if place else ""
    return QueryError(f"sql: {message.rstrip('.!')}{at}.")


def _tables_in(engine: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    """Schema and name of each table that a query reads; those that it makes itself (``with``) are none."""
    parsed = json.loads(engine.execute("select json_serialize_sql(?::varchar)", [query]).fetchall()[0][0])
    if parsed.get("error", True):
        raise QueryError(
            f"sql: {' '.join(str(parsed.get('error_message', 'the query cannot be read')).split()).rstrip('.! []')}. Write it as a plain select."
        )
    nodes = list(_nodes(parsed))
    own = {entry["key"].lower() for node in nodes for entry in (node.get("cte_map") or {}).get("map", [])}
    read = {(node["schema_name"], node["table_name"]) for node in nodes if node.get("type") == "BASE_TABLE"}
    return sorted((schema, table) for schema, table in read if schema or table.lower() not in own)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for branch in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(branch)
