from collections.abc import Iterator

import pytest

from iceberg.catalog import open_catalog
from iceberg.releases import find_release
from iceberg.runs import catalog_database, load_run
from shoplake.core.errors import BuildError
from spark_jobs.lake import Lake
from spark_jobs.questions import Questions, answers
from spark_jobs.session import spark_session
from spark_jobs.tables import discover
from tests.spark_jobs.fixtures import Traded

pytestmark = pytest.mark.integration


@pytest.fixture
def lake(traded: Traded) -> Iterator[Lake]:
    """The lake as the run of the newest release saw it."""
    with catalog_database(traded.settings.catalog_dsn) as connection:
        release, _ = find_release(connection)
        assert release.run_id is not None
        run = load_run(connection, release.run_id)
    with spark_session(traded.settings) as session:
        yield Lake(traded.settings, discover(), open_catalog(traded.settings), session, run)


def test_spark_and_duckdb_read_the_same_version(lake: Lake) -> None:
    for name in lake.run.tables:
        assert answers(Questions(lake).read(name).aggregate("count(*)")) == [(lake.read(name).count(),)], name


def test_a_version_that_is_no_longer_kept_is_refused_instead_of_read_as_empty(lake: Lake) -> None:
    with pytest.raises(BuildError, match=r"snapshot 7 of silver\.orders is no longer kept"):
        lake.rows("silver.orders", 7)
