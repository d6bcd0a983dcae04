"""Real services for the tests: started when the first test asks, stopped when the last one ended."""

from collections.abc import Iterator

import pytest

from shoplake.core.settings import Settings
from shoplake.stack.local.runner import up
from shoplake.stack.private import fresh_databases, private_stack

pytest_plugins = ["tests.spark_jobs.fixtures"]


@pytest.fixture(scope="session")
def services() -> Iterator[Settings]:
    """PostgreSQL and MinIO of the tests' own."""
    with private_stack("postgres", "minio", spark_memory="1500m") as settings:
        yield settings


@pytest.fixture(scope="session")
def spark_services(services: Settings) -> Settings:
    """The same with a Spark Connect server beside them."""
    return up(services, ["spark"]).settings


@pytest.fixture
def fresh(services: Settings) -> Iterator[Settings]:
    """A new, empty shop, catalog and warehouse in the running services."""
    with fresh_databases(services) as settings:
        yield settings
