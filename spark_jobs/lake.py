"""What the build of one table works with: a session, the run, and exact versions of its inputs."""

from dataclasses import dataclass, field
from typing import Any

from pyiceberg.catalog.sql import SqlCatalog
from pyspark.sql import DataFrame, SparkSession

from iceberg.runs import NO_SNAPSHOT, Run
from iceberg.snapshots import SnapshotRows
from shoplake.core.errors import BuildError
from shoplake.core.settings import CATALOG_NAME, Settings
from spark_jobs.tables import LakeTable, Tables


@dataclass(frozen=True)
class Lake:
    """The lake as one run sees it, in one Spark session.

    Attributes:
        planned: What was found out about versions that were read without Spark; tables of a run share it.
    """

    settings: Settings
    tables: Tables
    catalog: SqlCatalog
    session: SparkSession
    run: Run
    planned: dict[tuple[str, int], SnapshotRows] = field(default_factory=dict)

    def version(self, name: str) -> int:
        """The snapshot of a table that this run reads; ``NO_SNAPSHOT`` where it holds nothing yet."""
        if name in self.run.inputs:
            return self.run.inputs[name].snapshot_id
        return self.run.tables[name].snapshot_id or NO_SNAPSHOT

    def row_count(self, name: str) -> int:
        """The rows of a table at the run's version of it, as its snapshot says; those of bronze are changes, some of them behind the cut."""
        version = self.version(name)
        snapshot = None if version == NO_SNAPSHOT else self.catalog.load_table(name).snapshot_by_id(version)
        return int(snapshot.summary["total-records"] or 0) if snapshot and snapshot.summary else 0

    def is_kept(self, name: str, version: int) -> bool:
        """Whether a version of a table can still be read."""
        return version == NO_SNAPSHOT or self.catalog.load_table(name).snapshot_by_id(version) is not None

    def read(self, name: str, snapshot_id: int | None = None) -> DataFrame:
        """The rows of a table at a snapshot, by default at the run's own version of it."""
        version = self.version(name) if snapshot_id is None else snapshot_id
        if version == NO_SNAPSHOT:
            return self.session.table(f"{CATALOG_NAME}.{name}").where("false")
        return self.session.read.option("versionAsOf", str(version)).table(f"{CATALOG_NAME}.{name}")

    def rows(self, name: str, snapshot_id: int | None = None) -> SnapshotRows:
        """The rows of a table at a snapshot, by default at the run's own version of it, for readers other than Spark.

        Raises BuildError where the snapshot is no longer kept.
        """
        version = self.version(name) if snapshot_id is None else snapshot_id
        if (name, version) not in self.planned:
            table = self.catalog.load_table(name)
            if version != NO_SNAPSHOT and table.snapshot_by_id(version) is None:
                raise BuildError(f"build: snapshot {version} of {name} is no longer kept. Build again from the newest release.")
            files = [] if version == NO_SNAPSHOT else list(table.scan(snapshot_id=version).plan_files())
            self.planned[name, version] = SnapshotRows(table, files)
        return self.planned[name, version]

    def changes(self, name: str, after_lsn: int | None = None) -> DataFrame:
        """The rows of a bronze table up to the run's cut, and behind ``after_lsn`` where given."""
        return self.read(name).where(self.window(after_lsn))

    def window(self, after_lsn: int | None) -> str:
        """SQL, as every engine takes it, that holds for changes up to the run's cut, and behind ``after_lsn`` where given."""
        return f"_end_lsn <= {self.run.cut_end_lsn}" + (f" and _end_lsn > {after_lsn}" if after_lsn is not None else "")

    def branch(self, name: str) -> str:
        """A table on the run's branch, as Spark writes to it and reads from it."""
        return f"{CATALOG_NAME}.{name}.branch_{self.run.branch}"

    def transform(self, table: LakeTable, inputs: dict[str, DataFrame]) -> DataFrame:
        """The rows that ``table`` makes of ``inputs``, given by the names of the tables."""
        given: dict[str, Any] = {name.replace(".", "_", 1): rows for name, rows in inputs.items()}
        return table.transform(**given, **{name: getattr(self.settings, name) for name in table.needs_settings})
