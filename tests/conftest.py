"""Real services for the tests: started when the first test asks, stopped when the last one ended."""

import os
import resource
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from shoplake.core.errors import ShoplakeError
from shoplake.core.progress import silent
from shoplake.core.settings import Settings, load_settings
from shoplake.stack.local import minio
from shoplake.stack.local.runner import log_file, status, up
from shoplake.stack.private import fresh_databases, private_stack
from shoplake.stack.services import BY_NAME

pytest_plugins = ["tests.spark_jobs.fixtures"]

# In some minutes the second compiler of a JVM costs half of all time and gives none back; in an hour it gives back more.
FIRST_COMPILER = "-XX:TieredStopAtLevel=1"
INTERPRETED = "-Dspark.sql.codegen.wholeStage=false -Dspark.sql.codegen.factoryMode=NO_CODEGEN"


def pytest_configure(config: pytest.Config) -> None:
    """Start the JVMs as it pays for how long they run."""
    if config.option.markexpr != "long":
        os.environ["JDK_JAVA_OPTIONS"] = FIRST_COMPILER


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the tests, one of them has all that ask for Spark, so that one Spark runs; the others go by their files."""
    for item in items:
        with_spark = "spark_services" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("spark" if with_spark else item.location[0]))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build MinIO where it is missing, outside the time of the first test that asks for it; why it cannot be, that one tells."""
    if any(item.get_closest_marker("integration") for item in session.items):
        with suppress(ShoplakeError):
            minio.prepare(load_settings(), silent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what the machine gave, last of all, when something failed: a service that was ended from outside says nothing itself."""
    if not terminalreporter.stats.keys() & {"failed", "error"}:
        return
    memory = psutil.virtual_memory()
    limits = [
        f"{name} at most {resource.getrlimit(kind)[0]}"
        for name, kind in (("processes", resource.RLIMIT_NPROC), ("files", resource.RLIMIT_NOFILE))
    ]
    groups = (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
    folders = [Path("/sys/fs/cgroup", controllers, path.lstrip("/")) for _, controllers, path in groups]
    wanted = ("pids.max", "pids.peak", "pids.events", "memory.max", "memory.limit_in_bytes", "memory.events")
    told = [f"{name} {' '.join((folder / name).read_text().split())}" for folder in folders for name in wanted if (folder / name).is_file()]
    terminalreporter.section("the machine")
    terminalreporter.line(
        ", ".join((f"{os.cpu_count()} cores", f"{memory.available >> 20} of {memory.total >> 20} MiB free", *limits, *told))
    )


def ended_services(settings: Settings) -> set[str]:
    """The services that ended though nobody stopped them."""
    return {state.name for state in status(settings) if state.state == "ended"}


def last_words(settings: Settings, names: Collection[str]) -> str:
    """What services said last, for who looks for the cause: their logs go with the stack's folder."""
    return "\n".join(f"{name} ended:\n{log_file(settings, BY_NAME[name]).read_text()[-6000:]}" for name in sorted(names))


def interpreting_spark(services: Settings) -> Settings:
    """Start a Spark that interprets its expressions, for tiny tables; the whole stack, with all tables and checks, generates code as users do."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("JDK_JAVA_OPTIONS", f"{os.environ.get('JDK_JAVA_OPTIONS', '')} {INTERPRETED}")
        return up(services, ["spark"]).settings


@pytest.fixture(scope="session")
def services() -> Iterator[Settings]:
    """PostgreSQL and MinIO of the tests' own. A service that ended though nobody stopped it fails the run."""
    with private_stack("postgres", "minio", spark_memory="1500m") as settings:
        yield settings
        ended = ended_services(settings)
        assert not ended, last_words(settings, ended)


@pytest.fixture(scope="session")
def spark_services(services: Settings) -> Settings:
    """The same with a Spark Connect server beside them."""
    return interpreting_spark(services)


@pytest.fixture
def fresh(services: Settings) -> Iterator[Settings]:
    """A new, empty shop, catalog and warehouse in the running services."""
    with fresh_databases(services) as settings:
        yield settings
