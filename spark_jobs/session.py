"""The one way to get a Spark session: embedded, on a cluster, or through Spark Connect."""

import os
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import cast
from urllib.parse import urlsplit

from pyspark.sql import SparkSession
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession as RemoteSession

from shoplake.core.errors import does_not_answer
from shoplake.core.settings import CATALOG_NAME, Settings
from shoplake.core.spark import ENGINE_PROPERTIES, catalog_properties, jar_paths

# A collected session closes the threads that all sessions share, in whatever thread the collector happens to run: in one that those threads
# wait for, both wait for ever. Sessions are stopped by who made them.
if hasattr(RemoteSession, "__del__"):
    del RemoteSession.__del__

_FOR_FEW_ROWS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}


@contextmanager
def spark_session(settings: Settings) -> Iterator[SparkSession]:
    """A session of one's own while the body runs, with the lake's catalog known as ``lake``.

    Sessions do not see each other's views and job names, so several threads can
    each have one. Raises ServiceError when Spark or the store does not answer.
    """
    remote = settings.spark_remote.startswith("sc://")
    try:
        _knock(settings.s3_url, 443 if settings.s3_url.startswith("https") else 80)
    except OSError as problem:
        raise does_not_answer(f"store: {settings.s3_url}", problem) from problem
    try:
        session = connect(settings.spark_remote, _session_properties(settings)) if remote else _classic(settings)
    except Exception as problem:
        raise does_not_answer(f"spark: {settings.spark_remote.partition('/;')[0]}", problem) from problem
    try:
        yield session
    finally:
        if remote:
            # A server that went away cannot be told good-bye, and the failure that the body met says more.
            with suppress(Exception):
                session.stop()


def describe_jobs(session: SparkSession, words: str) -> None:
    """Name the jobs that this session starts from now on, as the Spark UI shows them: ``gold.daily_sales merge``."""
    if _is_connect(session):
        session.conf.set("spark.job.description", words)
    else:
        session.sparkContext.setJobDescription(words)


def expect_rows(session: SparkSession, many: bool) -> None:
    """Let Spark work from now on as pays for many rows, or for few.

    Compiling a stage takes longer than interpreting it for many thousand rows,
    and so does planning the rest anew after each stage, or a task for each part
    of a shuffle.
    """
    for name, for_few in _FOR_FEW_ROWS.items():
        # The session itself keeps it: to unset a value gives Spark's default, not what the server was set up with.
        as_set_up = f"shoplake.as-set-up.{name}"
        if not session.conf.get(as_set_up, ""):
            session.conf.set(as_set_up, session.conf.get(name) or "")
        session.conf.set(name, (session.conf.get(as_set_up) or "") if many else for_few)


def connect(remote: str, properties: Mapping[str, str]) -> SparkSession:
    """A new session of a Spark Connect server (``sc://...``), with these properties; who makes it stops it. Raises what the client raises."""
    _knock(remote, 15002)
    # What the sentence of the failure says as well.
    warnings.filterwarnings("ignore", message=r"\[RETRIES_EXCEEDED\]")
    session: SparkSession = SparkSession.builder.remote(remote).create()
    # The client's own patience is ten minutes, in which a stopped server looks like slow work.
    cast(RemoteSession, session).client.set_retry_policies([DefaultPolicy(max_retries=6, max_backoff=2_000)])
    for name, value in properties.items():
        session.conf.set(name, value)
    return session


def _knock(url: str, default_port: int) -> None:
    """Connect once, since clients ask for minutes before they believe that nobody listens. Raises OSError."""
    server = urlsplit(url)
    with socket.create_connection((server.hostname or "localhost", server.port or default_port), timeout=10):
        pass


def _classic(settings: Settings) -> SparkSession:
    # A parent that spoke to a Connect server leaves these behind, and they would make this its client too.
    for name in ("SPARK_CONNECT_MODE_ENABLED", "SPARK_REMOTE"):
        os.environ.pop(name, None)
    builder = SparkSession.builder.master(settings.spark_remote).appName("shoplake")
    engine = {
        **ENGINE_PROPERTIES,
        "spark.jars": ",".join(str(path) for path in jar_paths(settings)),
        "spark.driver.memory": settings.spark_memory,
    }
    session = builder.config(map={**engine, **_session_properties(settings)}).getOrCreate().newSession()
    for name, value in _session_properties(settings).items():
        session.conf.set(name, value)
    return session


def _session_properties(settings: Settings) -> dict[str, str]:
    return {
        **catalog_properties(settings),
        # A store that stopped is waited for a minute or two, not a quarter of an hour: the catalog repeats what the store repeats.
        f"spark.sql.catalog.{CATALOG_NAME}.s3.retry.num-retries": "1",
        f"spark.sql.catalog.{CATALOG_NAME}.s3.retry.min-wait-ms": "200",
        f"spark.sql.catalog.{CATALOG_NAME}.s3.retry.max-wait-ms": "1000",
        "spark.sql.defaultCatalog": CATALOG_NAME,
        # Where from_utc_timestamp and to_date begin from; the shop's own zone is given to transforms by name.
        "spark.sql.session.timeZone": "UTC",
        # Text of the shop within SQL means itself, ${...} too.
        "spark.sql.variable.substitute": "false",
    }


def _is_connect(session: SparkSession) -> bool:
    return type(session).__module__.startswith("pyspark.sql.connect")
