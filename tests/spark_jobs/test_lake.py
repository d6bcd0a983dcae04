from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from pyiceberg.types import StringType, TimestamptzType

from iceberg.catalog import open_catalog
from iceberg.dialect import DUCKDB, SPARK
from iceberg.properties import EVERY_TABLE
from iceberg.releases import find_release
from iceberg.runs import catalog_database, load_run
from shoplake.core.errors import BuildError
from shoplake.core.settings import Settings
from spark_jobs.bounds import as_text, in_groups, in_ranges
from spark_jobs.lake import Lake
from spark_jobs.questions import Questions
from spark_jobs.refresh import make_branch
from spark_jobs.run import build
from spark_jobs.session import spark_session
from spark_jobs.tables import discover
from tests.spark_jobs.bronze_rows import order
from tests.spark_jobs.fixtures import Traded

pytestmark = pytest.mark.integration

ODD_TEXT = ["o'\\", 'a "b"', "--", "`", "${x}", "${env:HOME}", "\\u0041", "%_", "Huế\n"]


@contextmanager
def newest(settings: Settings) -> Iterator[Lake]:
    """The lake as the run of the newest release saw it."""
    with catalog_database(settings.catalog_dsn) as connection:
        release, _ = find_release(connection)
        assert release.run_id is not None
        run = load_run(connection, release.run_id)
    with spark_session(settings) as session:
        yield Lake(settings, discover(), open_catalog(settings), session, run)


@pytest.fixture
def lake(traded: Traded) -> Iterator[Lake]:
    with newest(traded.settings) as lake:
        yield lake


def rows_of(table: pa.Table) -> list[str]:
    return sorted(str(list(row.values())) for row in table.to_pylist())


def test_spark_and_duckdb_read_the_same_rows_deleted_ones_left_out(traded: Traded) -> None:
    traded.bronze.change("update", "orders", [order(2, status="shipped")])
    traded.bronze.commit()
    build(traded.settings)
    with newest(traded.settings) as lake:
        for name in lake.run.tables:
            assert rows_of(Questions(lake).read(name).to_arrow_table()) == rows_of(lake.read(name).toArrow()), name
        assert any(deletes for _, deletes in lake.rows("silver.orders").files), "the update left a position delete"


def test_odd_text_and_instants_mean_themselves_in_both_engines(lake: Lake) -> None:
    for text in ODD_TEXT:
        rows = pa.table({'odd "`name`"': [text, "other"]})
        for found in (
            Questions(lake).of(rows).filter(in_groups([(rows.column_names[0], StringType())], [[text]], dialect=DUCKDB)).to_arrow_table(),
            lake.session.createDataFrame(rows).where(in_groups([(rows.column_names[0], StringType())], [[text]], dialect=SPARK)).toArrow(),
        ):
            assert found.column(0).to_pylist() == [text]
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    instants = pa.table({"at": pa.array([noon, noon + timedelta(hours=1)], pa.timestamp("us", "UTC"))})
    for written in (as_text(noon), "2026-01-01 12:00:00+00"):
        in_duckdb = Questions(lake).of(instants).filter(in_ranges("at", TimestamptzType(), [(written, written)], dialect=DUCKDB))
        assert in_duckdb.to_arrow_table().num_rows == 1
        assert lake.session.createDataFrame(instants).where(in_ranges("at", TimestamptzType(), [(written, written)])).count() == 1


def test_a_version_that_is_no_longer_kept_is_refused_instead_of_read_as_empty(lake: Lake) -> None:
    with pytest.raises(BuildError, match=r"snapshot 7 of silver\.orders is no longer kept"):
        lake.rows("silver.orders", 7)


def test_many_commits_of_spark_leave_few_manifests_to_open(lake: Lake) -> None:
    most, name = int(EVERY_TABLE["commit.manifest.min-count-to-merge"]), "silver.orders"
    make_branch(lake, name, lake.version(name))
    for _ in range(most + 2):
        lake.read(name).where("order_id = 1").writeTo(lake.branch(name)).append()
    table = lake.catalog.load_table(name)
    snapshot = table.snapshot_by_name(lake.run.branch)
    assert snapshot is not None
    assert len(snapshot.manifests(table.io)) <= most
    assert lake.session.table(lake.branch(name)).count() == lake.row_count(name) + most + 2
