"""The whole stack, started once: what every one of its processes may and may not do, and that it survives being killed."""

import contextlib
import os
import time
from collections.abc import Iterator

import boto3
import psutil
import psycopg
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from pyspark.sql import SparkSession

from iceberg.catalog import prepare_lake
from shoplake.core.settings import BUCKET, LOOPBACK, SHOP_DATABASE, SHOP_OWNER, Settings
from shoplake.stack.access import addresses, answering
from shoplake.stack.airflow_api import AirflowApi
from shoplake.stack.exports import exports
from shoplake.stack.local import processes
from shoplake.stack.local.runner import pid_file, status, up
from shoplake.stack.services import SERVICES
from tests.services import home_of_tests, private_settings

pytestmark = pytest.mark.integration

# The live shop has tests of its own.
NAMES = [service.name for service in SERVICES if service.name != "shop"]


@pytest.fixture(scope="module")
def stack() -> Iterator[Settings]:
    with home_of_tests() as home:
        yield up(private_settings(home), NAMES).settings


def _family(settings: Settings) -> list[psutil.Process]:
    """Every process of the stack."""
    found: dict[int, psutil.Process] = {}
    for service in SERVICES:
        for process in processes.members(settings.home, service.name, pid_file(settings, service)):
            with contextlib.suppress(psutil.NoSuchProcess):
                found |= {member.pid: member for member in (process, *process.children(recursive=True))}
    return list(found.values())


def _s3(settings: Settings, keys: tuple[str, str]):
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_url,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        region_name=settings.s3_region,
        config=Config(s3={"addressing_style": "path"}),
    )


def test_every_service_runs_and_answers(stack: Settings) -> None:
    assert {state.name for state in status(stack) if state.state == "running"} == set(NAMES)


def test_every_page_answers_the_jupyter_link_without_asking(stack: Settings) -> None:
    pages = addresses(stack)
    assert dict(zip([page.name for page in pages], answering(pages), strict=True)) == {page.name: True for page in pages}
    link = next(page.url for page in pages if page.name == "JupyterLab")
    opened = requests.get(link, timeout=10)
    assert "/login" not in opened.url
    without = requests.get(link.split("?")[0], timeout=10)
    assert "/login" in without.url


def test_airflow_lets_its_administrator_in_and_nobody_else(stack: Settings) -> None:
    with AirflowApi(stack) as api:
        assert isinstance(api.dag_ids(), list)
    wrong = {"username": "admin", "password": "admin"}
    assert requests.post(f"http://{LOOPBACK}:{stack.airflow_port}/auth/token", json=wrong, timeout=10).status_code == 401


def test_nothing_listens_beyond_the_loopback_address(stack: Settings) -> None:
    listening = []
    for process in _family(stack):
        with contextlib.suppress(psutil.NoSuchProcess):
            listening += [socket.laddr for socket in process.net_connections("inet") if socket.status == psutil.CONN_LISTEN]
    assert {address.port for address in listening} >= {getattr(stack, port) for service in SERVICES for port in service.ports}
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


def test_no_command_line_shows_a_secret(stack: Settings) -> None:
    for process in _family(stack):
        with contextlib.suppress(psutil.NoSuchProcess):
            words = " ".join(process.cmdline())
            assert [name for name, secret in stack.secrets.items() if secret in words] == []


def test_no_file_with_a_secret_is_readable_by_others(stack: Settings) -> None:
    wanted = [secret.encode() for secret in stack.secrets.values()]
    # The databases hold what they must; their folders are closed to others.
    outside = [path for path in stack.home.rglob("*") if path.is_file() and not {"data", "local"} & set(path.relative_to(stack.home).parts)]
    readable = [path for path in outside if path.stat().st_mode & 0o077]
    assert [path for path in readable if any(secret in path.read_bytes() for secret in wanted)] == []


def test_the_whole_fits_eight_gigabytes(stack: Settings) -> None:
    held = sum(state.memory_bytes for state in status(stack))
    assert 500 * 1024**2 < held < 8 * 1024**3


def test_the_exported_identities_read_and_write_nowhere(stack: Settings) -> None:
    _s3(stack, stack.s3_write_keys).put_object(Bucket=BUCKET, Key="probe", Body=b"x")
    with psycopg.connect(stack.postgres_url(SHOP_OWNER, SHOP_DATABASE), autocommit=True) as owner:
        owner.execute("create table if not exists probe as select 1 as x")
    variables = exports(stack)
    words = " ".join(f"{key}={variables[name]}" for key, name in [
        ("host", "PGHOST"), ("port", "PGPORT"), ("user", "PGUSER"), ("password", "PGPASSWORD"), ("dbname", "PGDATABASE"),
    ])  # fmt: skip
    with psycopg.connect(words) as reader:
        assert reader.execute("select x from probe").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("insert into probe values (2)")
    reader_store = _s3(stack, (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]))
    assert reader_store.get_object(Bucket=BUCKET, Key="probe")["Body"].read() == b"x"
    for attempt in (
        lambda: reader_store.put_object(Bucket=BUCKET, Key="other", Body=b"y"),
        lambda: reader_store.delete_object(Bucket=BUCKET, Key="probe"),
        lambda: reader_store.create_bucket(Bucket="other"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()
    prepare_lake(stack)
    session = SparkSession.builder.remote(variables["SPARK_REMOTE"]).create()
    assert "gold" in [row.namespace for row in session.sql("show namespaces in lake").collect()]
    with pytest.raises(Exception, match="Access Denied|permission denied"):
        session.sql("create table lake.gold.mine (a int) using iceberg").collect()
    with contextlib.suppress(Exception):
        session.stop()


def test_killed_as_a_whole_it_comes_back_with_everything(stack: Settings) -> None:
    dsn = stack.postgres_url(SHOP_OWNER, SHOP_DATABASE)
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("create table kept as select 42 as answer")
    _s3(stack, stack.s3_write_keys).put_object(Bucket=BUCKET, Key="kept", Body=b"42")
    session = SparkSession.builder.remote(stack.spark_remote).create()
    assert session.range(7).count() == 7
    with contextlib.suppress(Exception):
        session.stop()

    family = _family(stack)
    assert len(family) > len(NAMES)
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            os.kill(process.pid, 9)

    assert up(stack, NAMES).names == tuple(NAMES)
    with psycopg.connect(dsn) as reader:
        assert reader.execute("select answer from kept").fetchone() == (42,)
    assert _s3(stack, stack.s3_read_keys).get_object(Bucket=BUCKET, Key="kept")["Body"].read() == b"42"
    session = SparkSession.builder.remote(stack.spark_remote).create()
    assert session.range(7).count() == 7
    session.stop()
    history = f"http://{LOOPBACK}:{stack.history_port}/api/v1/applications"
    deadline = time.monotonic() + 20
    while len(requests.get(history, timeout=10).json()) < 2 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(requests.get(history, timeout=10).json()) == 2, "the Spark before the kill and the one after it"
