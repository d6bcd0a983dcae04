import pytest

from iceberg.catalog import prepare_lake
from shoplake.core.settings import Settings
from tests.spark_jobs.bronze_rows import Bronze


@pytest.fixture
def bronze(spark_services: Settings, fresh: Settings) -> Bronze:
    """Empty bronze tables of the shop in a fresh lake."""
    return Bronze(prepare_lake(fresh), fresh.catalog_dsn).create()
