"""Orphans: files under a table's location that no metadata of it refers to.

Builds, ingests and publications that are under way, or were killed, have
written files that nobody refers to yet, or ever will. They cannot be told
apart but by age.
"""

from datetime import datetime

from pyiceberg.catalog import Catalog

from iceberg.maintenance.files import referenced
from iceberg.maintenance.store import Store, StoredFile, without_scheme


def orphans_of(catalog: Catalog, store: Store, table_name: str, written_before: datetime) -> tuple[list[StoredFile], list[StoredFile]]:
    """All files of a table on the store, and those of them that are orphans written before an instant.

    A writer must refer to its files within the time between that instant and now.
    """
    # Listed first: what somebody refers to by the time its metadata is read stays, and what is written later is not in the list.
    files = list(store.files(catalog.load_table(table_name).location()))
    old = [file for file in files if file.written_at < written_before]
    if not old:
        return files, []
    needed = {without_scheme(location) for location in referenced(catalog.load_table(table_name))}
    return files, [file for file in old if file.location not in needed]
