"""Disks that fill up under an ingest and a build: a sentence, the last release readable, and with room again the same command goes on."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import psycopg
import pytest
from psycopg import sql

from gen_data.generate import backfill
from iceberg.capture.ingest import ingest
from iceberg.catalog import open_catalog
from shoplake.core.errors import StorageError
from shoplake.core.settings import BUCKET, LAKE_WRITER, Settings
from shoplake.stack.local.runner import down, up
from shoplake.stack.private import private_settings, temporary_home
from spark_jobs.run import build
from tests.disks import catalog_on_small_disk, full, small_disk
from tests.spark_jobs.lake_rows import rows_of

pytestmark = [pytest.mark.integration, pytest.mark.long]

TABLE = "silver.customers"


@pytest.fixture
def store_disk(spark_services: Settings) -> Iterator[tuple[Path, Settings]]:
    """A MinIO of its own on a small disk."""
    with temporary_home() as home, small_disk(home / "minio", 524_288) as disk:
        try:
            yield disk, up(private_settings(home), ["minio"]).settings
        finally:
            down(private_settings(home))


@pytest.fixture
def lake(fresh: Settings, store_disk: tuple[Path, Settings]) -> Settings:
    """A new shop and an empty lake, whose files go to the small disk."""
    store = store_disk[1]
    return fresh.changed(s3_endpoint=store.s3_url, s3_access_key=LAKE_WRITER, s3_secret_key=store.secret("s3_lake_writer"))


@pytest.fixture
def catalog_disk(services: Settings, fresh: Settings) -> Iterator[Path]:
    with catalog_on_small_disk(services, fresh) as disk:
        yield disk


@contextlib.contextmanager
def full_store(disk: Path, store: Settings) -> Iterator[None]:
    """The store without room while the body runs; it looks at its disk now and then, so what comes after waits until it has seen the room."""
    with full(disk):
        yield
    user, password = (store.secret(f"minio_root_{part}") for part in ("user", "password"))
    client = boto3.client("s3", endpoint_url=store.s3_url, aws_access_key_id=user, aws_secret_access_key=password)
    deadline = time.monotonic() + 60
    while True:
        try:
            client.put_object(Bucket=BUCKET, Key="room", Body=bytes(2**20))
            return
        except client.exceptions.ClientError:
            assert time.monotonic() < deadline, "the store does not see that its disk has room again"
            time.sleep(0.2)


def assert_bronze_holds_each_row_once(settings: Settings) -> None:
    with psycopg.connect(settings.shop_dsn) as shop:
        for name in ("orders", "order_items", "order_status_history"):
            changes = open_catalog(settings).load_table(f"bronze.{name}").scan().to_arrow()
            inserted = changes.filter(changes["_operation"].to_numpy(zero_copy_only=False) != "update").num_rows
            row = shop.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(name))).fetchone()
            assert row == (inserted,), name


def test_full_disks_are_sentences_and_with_room_again_the_same_commands_go_on(
    lake: Settings, store_disk: tuple[Path, Settings], catalog_disk: Path, services: Settings
) -> None:
    backfill(lake, days=1, orders_per_day=40)
    with (
        full(catalog_disk),
        pytest.raises(StorageError, match=r"^(catalog|ingest): PostgreSQL's disk is full \(.*\)\. Make room on it, then repeat"),
    ):
        ingest(lake)
    ingest(lake)
    build(lake, tables=[TABLE])
    released = rows_of(lake, TABLE)
    assert released

    backfill(lake, days=1)
    with full_store(*store_disk):
        with pytest.raises(
            StorageError, match=r"^ingest: the store's disk is full \(.*\)\. Make room on it, then repeat; nothing is lost\.$"
        ):
            ingest(lake)
        assert rows_of(lake, TABLE) == released
    ingest(lake)
    assert_bronze_holds_each_row_once(lake)

    with full_store(*store_disk):
        with pytest.raises(
            StorageError, match=r"because the store's disk is full \(.*\)\. Release 1 stays current; make room on it, then build"
        ):
            build(lake, tables=[TABLE])
        assert rows_of(lake, TABLE) == released

    # Spark keeps its folders open for good, so a full disk with the same ones is laid over them.
    with contextlib.ExitStack() as disks:
        for scratch in (services.home / "spark" / "local").glob("blockmgr-*"):
            folders = [scratch / f"{number:02x}" for number in range(64)]
            for folder in folders:
                folder.mkdir(exist_ok=True)
            disk = disks.enter_context(small_disk(scratch, 64))
            for folder in folders:
                folder.mkdir()
            disks.enter_context(full(disk))
        with pytest.raises(StorageError, match=r"because a disk of this machine is full \(.*\)\. Release 1 stays current"):
            build(lake, tables=[TABLE])
    built = build(lake, tables=[TABLE])
    assert built.release is not None
    with psycopg.connect(lake.shop_dsn) as shop:
        row = shop.execute("select count(*), count(distinct customer_id) from customers").fetchone()
    ids = [row[0] for row in rows_of(lake, TABLE, "customer_id")]
    assert row == (len(ids), len(set(ids)))
    assert len(ids) > len(released)
