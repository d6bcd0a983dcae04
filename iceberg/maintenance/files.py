"""The files that a table's metadata refers to, and how scattered its rows are over them."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyiceberg.manifest import DataFileContent, ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

SMALL_BYTES = 384 * 2**20
"""Three quarters of the 512 MiB that Spark aims at: smaller files count as small, as in Iceberg's rewrite_data_files."""

ENOUGH_FILES = 5
"""So many small files in one partition, or so many files that name deleted rows of one data file, make a table worth compacting."""

_THREADS = 8


@dataclass(frozen=True)
class Layout:
    """The files of one snapshot.

    Attributes:
        data_file_count: Files with rows.
        delete_file_count: Files that name deleted rows of those.
        byte_count: The size of both.
        is_scattered: Whether it is worth compacting.
    """

    data_file_count: int = 0
    delete_file_count: int = 0
    byte_count: int = 0
    is_scattered: bool = False

    @property
    def file_count(self) -> int:
        """Files of both kinds."""
        return self.data_file_count + self.delete_file_count


def layout_of(table: Table, snapshot_id: int | None = None) -> Layout:
    """The files of a table at a snapshot, main's by default; an empty layout where there is none."""
    snapshot = table.metadata.snapshot_by_id(snapshot_id) if snapshot_id is not None else table.current_snapshot()
    if snapshot is None:
        return Layout()
    small: Counter[str] = Counter()
    counts: Counter[bool] = Counter()
    size = 0
    for manifest in snapshot.manifests(table.io):
        for entry in manifest.fetch_manifest_entry(table.io):
            file = entry.data_file
            is_data = file.content == DataFileContent.DATA
            counts[is_data] += 1
            size += file.file_size_in_bytes
            if is_data and file.file_size_in_bytes < SMALL_BYTES:
                small[f"{manifest.partition_spec_id} {file.partition}"] += 1
    is_scattered = max(small.values(), default=0) >= ENOUGH_FILES or (
        counts[False] >= ENOUGH_FILES
        and any(len(task.delete_files) >= ENOUGH_FILES for task in table.scan(snapshot_id=snapshot.snapshot_id).plan_files())
    )
    return Layout(counts[True], counts[False], size, is_scattered)


def referenced(table: Table) -> Iterator[str]:
    """The location of every file that any snapshot in a table's metadata needs, that metadata and its log included."""
    metadata = table.metadata
    yield table.metadata_location
    yield from (entry.metadata_file for entry in metadata.metadata_log)
    yield from (file.statistics_path for file in (*metadata.statistics, *metadata.partition_statistics))
    yield from (snapshot.manifest_list for snapshot in metadata.snapshots)

    def manifests_of(snapshot: Snapshot) -> list[ManifestFile]:
        return snapshot.manifests(table.io)

    def files_of(manifest: ManifestFile) -> list[str]:
        return [entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io)]

    with ThreadPoolExecutor(_THREADS) as pool:
        manifests = {manifest.manifest_path: manifest for found in pool.map(manifests_of, metadata.snapshots) for manifest in found}
        yield from manifests
        for files in pool.map(files_of, manifests.values()):
            yield from files
