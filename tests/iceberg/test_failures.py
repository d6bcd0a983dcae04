"""What the services under the lake say becomes a sentence that tells what to do."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gen_data.shop import explained
from iceberg.capture.source import connect
from iceberg.catalog import open_catalog
from iceberg.failures import service_failures
from shoplake.core.errors import StorageError
from shoplake.core.settings import Settings
from tests.disks import catalog_on_small_disk, full

pytestmark = pytest.mark.integration


@pytest.fixture
def catalog_disk(services: Settings, fresh: Settings) -> Iterator[Path]:
    with catalog_on_small_disk(services, fresh) as disk:
        yield disk


def test_a_session_that_cannot_begin_because_the_disk_is_full_is_told_as_a_full_disk(fresh: Settings, catalog_disk: Path) -> None:
    # What a session reads first; any change of the system's tables makes the next session write it anew.
    for file in catalog_disk.rglob("pg_internal.init"):
        file.unlink()
    with full(catalog_disk):
        with pytest.raises(psycopg.OperationalError) as met:
            psycopg.connect(fresh.catalog_dsn)
        assert met.value.sqlstate is None
        with (
            pytest.raises(
                StorageError, match=r"^build: PostgreSQL's disk is full \(.+\)\. Make room on it, then repeat; nothing is lost\.$"
            ),
            service_failures("build"),
        ):
            psycopg.connect(fresh.catalog_dsn)
        with (
            pytest.raises(StorageError, match=r"^shop: PostgreSQL's disk is full \(.+\)\. Free some space and run the command again"),
            explained(),
        ):
            psycopg.connect(fresh.catalog_dsn)
        with pytest.raises(
            StorageError, match=r"^catalog: PostgreSQL's disk is full \(.+\)\. Make room on it, then repeat; nothing is lost\.$"
        ):
            open_catalog(fresh)
        with pytest.raises(StorageError, match=r"^capture: the source has a full disk \(.+\)\. Make room on it, then repeat\.$"):
            connect(fresh.catalog_dsn, "a capture")
    psycopg.connect(fresh.catalog_dsn).close()
