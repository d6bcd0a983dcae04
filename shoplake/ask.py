"""The lake in a notebook: one object at one release, read with whatever one likes."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyiceberg.catalog import Catalog, load_catalog

from iceberg.catalog import open_catalog
from iceberg.dialect import DUCKDB
from iceberg.reader import ReleaseReader
from shoplake.core.errors import SettingsError, does_not_answer
from shoplake.core.settings import CATALOG_NAME, Settings, load_settings
from shoplake.core.spark import catalog_properties as spark_catalog

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa
    from pyspark.sql import SparkSession

_EXPORTED_URI = f"PYICEBERG_CATALOG__{CATALOG_NAME.upper()}__URI"


class LakeAtRelease:
    """All tables of the lake as one release has them, whatever is published meanwhile.

    ``lake().sql("select ...")`` shows itself in a notebook; ``.pl()``, ``.df()``
    and ``.to_arrow_table()`` of the answer give it to Polars, pandas and Arrow.
    """

    def __init__(self, reader: ReleaseReader, spark_remote: str | None, spark_properties: Mapping[str, str] | None = None) -> None:
        self.reader = reader
        self._spark_remote = spark_remote
        self._spark_properties = dict(spark_properties or {})
        self._session: SparkSession | None = None

    @property
    def release(self) -> int:
        """The number of the release."""
        return self.reader.release.release_id

    def tables(self) -> list[str]:
        """The names of its tables."""
        return self.reader.names

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """What DuckDB answers to one ``select`` over tables such as ``gold.daily_sales``.

        Small tables are read once and kept; of others only the files, columns and rows that
        it needs are read. Raises QueryError and TableError in words that say what to correct.
        """
        return self._shown.from_arrow(self.reader.sql(query))

    @cached_property
    def _shown(self) -> duckdb.DuckDBPyConnection:
        """What answers are shown by: apart from the reader's own engine, so that they can go into further questions of any kind."""
        import duckdb

        shown = duckdb.connect()
        shown.execute("set timezone = 'UTC'")
        return shown

    def arrow(self, name: str, columns: Sequence[str] | None = None, where: str | None = None) -> pa.Table:
        """The rows of a table for which the SQL condition ``where`` holds, all by default, as Arrow."""
        layer, _, table = name.rpartition(".")
        wanted = DUCKDB.quoted(*columns) if columns is not None else "*"
        condition = f" where ({where}\n)" if where else ""
        return self.reader.sql(f"select {wanted} from {f'{DUCKDB.quoted(layer)}.' if layer else ''}{DUCKDB.quoted(table)}{condition}")  # noqa: S608

    def polars(self, name: str, columns: Sequence[str] | None = None, where: str | None = None) -> pl.DataFrame:
        """The same as a Polars frame."""
        import polars as pl

        frame = pl.from_arrow(self.arrow(name, columns, where))
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()

    def pandas(self, name: str, columns: Sequence[str] | None = None, where: str | None = None) -> Any:
        """The same as a pandas frame."""
        return self.arrow(name, columns, where).to_pandas()

    def spark(self, *names: str) -> SparkSession:
        """A session of the stack's warm Spark in which each table of the release, or those of ``names``, is a view.

        A view is named with an underscore, ``gold_daily_sales``; what the session
        finds under ``gold.daily_sales`` is main, which moves with each release.
        Raises ServiceError when Spark does not answer.
        """
        wanted = names or tuple(self.reader.versions)
        versions = {name: self.reader.version(name).snapshot_id for name in wanted}
        session = self._session = self._session or _connect(self._spark_remote, self._spark_properties)
        for name, snapshot_id in versions.items():
            rows = session.read.option("versionAsOf", str(snapshot_id)).table(f"{CATALOG_NAME}.{name}")
            rows.createOrReplaceTempView(name.replace(".", "_", 1))
        return session

    def __repr__(self) -> str:
        release = self.reader.release
        published = release.published_at.strftime("%Y-%m-%d %H:%M:%S %Z")
        return f"<lake at release {self.release}, published {published}, {len(self.reader.versions)} tables>"


def open_lake(release: int | None = None, settings: Settings | None = None) -> LakeAtRelease:
    """The lake at a release: of ``settings`` where given, else of what ``shoplake env`` exported, else of the settings there are.

    Raises ReleaseError when there is no such release, ServiceError when the catalog's database does not answer.
    """
    exported = os.environ.get(_EXPORTED_URI)
    if settings is None and exported:
        try:
            catalog: Catalog = load_catalog(CATALOG_NAME, init_catalog_tables="false")
        except Exception as problem:
            raise does_not_answer("catalog: its database", problem) from problem
        dsn = exported.replace("postgresql+psycopg2://", "postgresql://", 1)
        return LakeAtRelease(ReleaseReader(catalog, dsn, release, declared=_declared), os.environ.get("SPARK_REMOTE"))
    settings = settings or load_settings()
    reader = ReleaseReader(open_catalog(settings, reader=True), settings.reader_catalog_dsn, release, declared=_declared)
    return LakeAtRelease(reader, settings.spark_remote, spark_catalog(settings, reader=True))


def _declared() -> Collection[str]:
    """The names of all tables that a build can make."""
    from spark_jobs.tables import discover

    return discover().by_name


def _connect(remote: str | None, properties: Mapping[str, str]) -> SparkSession:
    from spark_jobs.session import connect

    if remote is None or not remote.startswith("sc://"):
        raise SettingsError('lake: spark() needs a Spark Connect server. Set SPARK_REMOTE, as `eval "$(shoplake env)"` does.')
    try:
        # The lake of the settings, which need not be the one that the server was started with.
        return connect(remote, properties)
    except Exception as problem:
        raise does_not_answer(f"spark: {remote.partition('/;')[0]}", problem) from problem
