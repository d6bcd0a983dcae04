"""Orphans: files under a table's location that no table of the catalog refers to.

Builds, ingests and publications that are under way, or were killed, have
written files that nobody refers to yet, or ever will. They cannot be told
apart but by age.

A folder can be of several tables: one that is renamed keeps its location, and
one that is made anew under its former name gets the same.
"""

from datetime import datetime

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import StaticTable

from iceberg.catalog import metadata_locations
from iceberg.maintenance.files import referenced
from iceberg.maintenance.store import Store, StoredFile, without_scheme
from iceberg.runs import catalog_database
from shoplake.core.errors import TableError


class Orphans:
    """Finds orphans; for the table after next it remembers where tables lie, since no metadata file ever changes."""

    def __init__(self, catalog: SqlCatalog, dsn: str, store: Store) -> None:
        """``dsn`` is the catalog's database."""
        self._catalog, self._dsn, self._store = catalog, dsn, store
        self._folders: dict[str, str] = {}

    def of(self, table_name: str, written_before: datetime) -> tuple[list[StoredFile], list[StoredFile]]:
        """All files under a table's location, and those of them that are orphans written before an instant.

        A writer must refer to its files within the time between that instant and now.
        """
        location = self._catalog.load_table(table_name).location()
        # Listed first: what somebody refers to by the time the catalog is read stays, and what is written later is not in the list.
        files = list(self._store.files(location))
        old = [file for file in files if file.written_at < written_before]
        if not old:
            return files, []
        needed = {without_scheme(file) for table in self._tables_around(location) for file in referenced(table)}
        return files, [file for file in old if file.location not in needed]

    def _tables_around(self, location: str) -> list[StaticTable]:
        """Every table of the catalog whose location is this one, contains it or lies under it, all as of one moment."""
        with catalog_database(self._dsn) as connection:
            # By its metadata, since a name may be another table's a moment later.
            now = metadata_locations(connection, self._catalog.name)
        for name, metadata_location in now.items():
            if metadata_location not in self._folders:
                self._folders[metadata_location] = _folder(self._table(name, metadata_location).location())
        mine, folders = _folder(location), {name: self._folders[metadata_location] for name, metadata_location in now.items()}
        around = [name for name, folder in folders.items() if folder.startswith(mine) or mine.startswith(folder)]
        return [self._table(name, now[name]) for name in around]

    def _table(self, name: str, metadata_location: str) -> StaticTable:
        try:
            return StaticTable.from_metadata(metadata_location, self._catalog.properties)
        except FileNotFoundError as problem:
            raise TableError(
                f"maintain: the metadata of {name} is gone from the store ({metadata_location}), so that nobody knows which files it needs. "
                "Drop it from the catalog, or put the file back; until then no orphans are removed."
            ) from problem


def _folder(location: str) -> str:
    return f"{without_scheme(location).rstrip('/')}/"
