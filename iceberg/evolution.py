"""Makes the catalog's tables as they are declared, by steps that take nothing from those who read what was published."""

from collections.abc import Iterable
from contextlib import suppress

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, ResolveError, TableAlreadyExistsError, ValidationError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema, promote
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.table.update import AssertCurrentSchemaId, SetCurrentSchemaUpdate
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import IcebergType
from sqlalchemy import text

from iceberg.maintenance.files import referenced
from iceberg.publish import RUN_BRANCH
from iceberg.table import Table
from shoplake.core.errors import TableError


def create_or_evolve(catalog: SqlCatalog, name: str, table: Table, doc: str) -> IcebergTable:
    """Make the table in the catalog as declared, or add to it what the declaration added.

    Only additive changes are made to what was published, since readers may use
    it. What no published snapshot has, such as a column of code that was
    previewed or refused and then given up, goes where the declaration does not
    have it; a table that was never published is made anew where it does not fit.
    Raises TableError where the declaration dropped or narrowed something that was published.
    """
    try:
        existing = catalog.load_table(name)
    except NoSuchTableError:
        return _create(catalog, name, table, doc)
    published = published_schema(existing)
    if published is None and not _could_become(existing, table):
        # Its files are in the folder of the one that takes its name, and so go as that one's orphans.
        _unname(catalog, existing)
        return _create(catalog, name, table, doc)
    goes_back = published is not None and not _holds(existing.schema(), table)
    schema = published if published is not None and goes_back else existing.schema()
    _refuse_what_would_break_readers(name, table, existing, schema)
    held = {field.name: field for field in schema.fields}
    other = [c for c in table.columns if c.name not in held or (held[c.name].field_type, held[c.name].doc) != (c.type, c.comment)]
    properties = {key: value for key, value in table.properties(doc).items() if existing.properties.get(key) != value}
    # What a table was made with, it keeps.
    properties.pop("format-version", None)
    if not (goes_back or other or properties):
        return existing
    try:
        with existing.transaction() as change:
            if goes_back:
                _set_schema(change, schema)
            with change.update_schema() as update:
                for column in other:
                    if column.name in held:
                        update.update_column(column.name, field_type=column.type, doc=column.comment)
                    else:
                        update.add_column(column.name, column.type, doc=column.comment)
            if properties:
                change.set_properties(properties)
    except ValidationError as problem:
        raise TableError(f"table: {name} cannot become as declared ({problem}). Widen types only, or declare a new column.") from problem
    return existing


def published_schema(table: IcebergTable) -> Schema | None:
    """All that readers may use: the widest schema of the snapshots that main, a release or anybody but a run names; None where nobody does.

    Each was made of the one before by adding to it, so that the widest holds what all others do.
    """
    names = [name for name in table.metadata.refs if not name.startswith(RUN_BRANCH)]
    schemas = [_schema_of(table, table.snapshot_by_name(name)) for name in names]
    return max(schemas, key=lambda schema: (len(schema.fields), schema.schema_id), default=None)


def take_back_unpublished(catalog: SqlCatalog, name: str) -> None:
    """Make what was published a table's schema again, for who writes the same rows anew and so must not publish more columns."""
    table = catalog.load_table(name)
    published = published_schema(table)
    if published is not None and published.schema_id != table.schema().schema_id:
        with table.transaction() as change:
            _set_schema(change, published)


def is_as_published(table: IcebergTable, snapshot_id: int) -> bool:
    """Whether a snapshot that is not published yet has the columns of what is."""
    published = published_schema(table)
    return published is not None and published.schema_id == _schema_of(table, table.snapshot_by_id(snapshot_id)).schema_id


def is_as_declared(table: IcebergTable, snapshot_id: int, declared: Table) -> bool:
    """Whether a snapshot has only columns of its declaration, and none wider, unlike one that was written beside a preview."""
    return _holds(_schema_of(table, table.snapshot_by_id(snapshot_id)), declared)


def _schema_of(table: IcebergTable, snapshot: Snapshot | None) -> Schema:
    # A client that does not tell a snapshot's schema may have written all that is there.
    number = snapshot.schema_id if snapshot is not None and snapshot.schema_id is not None else table.schema().schema_id
    return table.schemas().get(number, table.schema())


class Trial:
    """Tables that are made as code declares that may be given up, and can be made as they were."""

    def __init__(self, catalog: SqlCatalog) -> None:
        self._catalog = catalog
        self._before: dict[str, int | None] = {}
        self._made: dict[str, int] = {}

    def create_or_evolve(self, name: str, table: Table, doc: str) -> IcebergTable:
        """As the function of that name; what it changes is noted."""
        try:
            self._before[name] = self._catalog.load_table(name).schema().schema_id
        except NoSuchTableError:
            self._before[name] = None
        made = create_or_evolve(self._catalog, name, table, doc)
        self._made[name] = made.schema().schema_id
        return made

    def undo(self, branch: str | None = None) -> None:
        """Take back what was changed, but for a table in which somebody has something else than ``branch``, or more is published now.

        What stays behind, as after a kill, stops no build: see :func:`create_or_evolve`.
        """
        for name, made in self._made.items():
            before = self._before[name]
            with suppress(NoSuchTableError, CommitFailedException):
                table = self._catalog.load_table(name)
                if any(reference.startswith(RUN_BRANCH) and reference != branch for reference in table.metadata.refs):
                    continue
                if before is None:
                    _remove(self._catalog, table)
                elif table.schema().schema_id == made != before:
                    _put_back(table, before)


def _put_back(table: IcebergTable, schema_id: int) -> None:
    published, schema = published_schema(table), table.schemas()[schema_id]
    if published is None or {field.field_id for field in published.fields} <= {field.field_id for field in schema.fields}:
        with table.transaction() as change:
            _set_schema(change, schema)


def _remove(catalog: SqlCatalog, table: IcebergTable) -> None:
    if published_schema(table) is not None:
        return
    files = list(referenced(table))
    if _unname(catalog, table):
        for file in files:
            with suppress(FileNotFoundError):
                table.io.delete(file)


def _unname(catalog: SqlCatalog, table: IcebergTable) -> bool:
    """Take a table from the catalog, its files left, if it is still as it was loaded; gives whether it was."""
    namespace, name = table.name()
    with catalog.engine.begin() as transaction:
        removed = transaction.execute(
            text(
                """
                delete from iceberg_tables where catalog_name = :catalog and table_namespace = :namespace and table_name = :name
                and metadata_location = :location
                """
            ),
            {"catalog": catalog.name, "namespace": namespace, "name": name, "location": table.metadata_location},
        )
    return removed.rowcount == 1


def _set_schema(change: Transaction, schema: Schema) -> None:
    was = change.table_metadata.current_schema_id
    change._apply((SetCurrentSchemaUpdate(schema_id=schema.schema_id),), (AssertCurrentSchemaId(current_schema_id=was),))


def _could_become(existing: IcebergTable, table: Table) -> bool:
    """Whether a table takes all rows of a declaration once what is missing is added."""
    have = existing.schema()
    must = {field.name for field in have.fields if field.required}
    may = {column.name for column in table.columns if column.required or column.name in table.key}
    return (
        _holds(have, table)
        and must <= may
        and _names(have, have.identifier_field_ids) == set(table.key)
        and _parts_of(existing, have) == _declared_parts(table)
    )


def _holds(schema: Schema, table: Table) -> bool:
    """Whether a declaration has all of a schema's columns, as wide or wider."""
    declared = {column.name: column.type for column in table.columns}
    return all(field.name in declared and _can_widen(field.field_type, declared[field.name]) for field in schema.fields)


def _can_widen(narrow: IcebergType, wide: IcebergType) -> bool:
    try:
        return narrow == wide or promote(narrow, wide) == wide
    except ResolveError:
        return False


def _create(catalog: SqlCatalog, name: str, table: Table, doc: str) -> IcebergTable:
    schema = table.schema()
    parts = _partition_spec(schema, table)
    order = SortOrder(*(SortField(schema.find_field(column).field_id, IdentityTransform()) for column in table.key))
    try:
        return catalog.create_table(name, schema, partition_spec=parts, sort_order=order, properties=table.properties(doc))
    except TableAlreadyExistsError:
        # Somebody else made it meanwhile.
        return create_or_evolve(catalog, name, table, doc)


def _partition_spec(schema: Schema, table: Table) -> PartitionSpec:
    if table.partition_by is None:
        return PartitionSpec()
    source = schema.find_field(table.partition_by.column).field_id
    return PartitionSpec(PartitionField(source, 1000, table.partition_by.transform, table.partition_by.name))


def _refuse_what_would_break_readers(name: str, table: Table, existing: IcebergTable, have: Schema) -> None:
    dropped = [field.name for field in have.fields if field.name not in table.column_names]
    if dropped:
        raise TableError(
            f"table: {name} has a column {dropped[0]} that its declaration dropped, and readers may use it. "
            "Declare it again, or build under a new name."
        )
    key = _names(have, have.identifier_field_ids)
    if key != set(table.key):
        raise TableError(f"table: {name} has the key {sorted(key)}, its declaration says {sorted(table.key)}. Build it under a new name.")
    fields, declared = _parts_of(existing, have), _declared_parts(table)
    if fields != declared:
        raise TableError(f"table: {name} is partitioned by {fields}, its declaration says {declared}. Build it under a new name.")


def _parts_of(existing: IcebergTable, schema: Schema) -> list[tuple[str, str]]:
    return [(schema.find_field(field.source_id).name, str(field.transform)) for field in existing.spec().fields]


def _declared_parts(table: Table) -> list[tuple[str, str]]:
    return [(table.partition_by.column, str(table.partition_by.transform))] if table.partition_by else []


def _names(schema: Schema, field_ids: Iterable[int]) -> set[str]:
    return {schema.find_field(field_id).name for field_id in field_ids}
