"""The services of the stack, declared once: the local runner starts them, docker-compose.yaml says the same."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shoplake.core.errors import SettingsError
from shoplake.core.progress import Progress
from shoplake.core.settings import Settings
from shoplake.stack.local import airflow, buckets, databases, jupyter, keeper, minio, postgres, shop, spark


def _nothing(settings: Settings) -> None:
    """A step that a service does not have."""


def _nothing_to_prepare(settings: Settings, progress: Progress) -> None:
    """A preparation that a service does not have."""


def _no_environment(settings: Settings) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Service:
    """One service.

    ``ports`` names fields of Settings. In this order: ``check`` raises when the
    machine lacks something, before anything starts; ``prepare`` makes files and
    folders, once the services in ``depends_on`` answer; ``command`` runs until
    ``stop_signal``; ``is_healthy`` tells when it answers; ``bootstrap`` then
    makes what others need in it. All may be repeated. ``memory_mb``
    bounds its container, where it has one.
    """

    name: str
    about: str
    command: Callable[[Settings], Sequence[str]]
    is_healthy: Callable[[Settings], bool]
    memory_mb: int
    ports: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    environment: Callable[[Settings], Mapping[str, str]] = _no_environment
    check: Callable[[Settings], None] = _nothing
    prepare: Callable[[Settings, Progress], None] = _nothing_to_prepare
    bootstrap: Callable[[Settings], None] = _nothing
    stop_signal: signal.Signals = signal.SIGTERM
    start_seconds: int = 180
    stop_seconds: int = 15
    has_container: bool = True


SERVICES = (
    Service(
        name="postgres",
        about="PostgreSQL: the shop, the catalog, Airflow's own tables",
        ports=("postgres_port",),
        check=postgres.check,
        prepare=postgres.prepare,
        command=postgres.command,
        is_healthy=postgres.is_healthy,
        bootstrap=databases.bootstrap,
        # PostgreSQL's fast shutdown: sessions are ended, everything is written.
        stop_signal=signal.SIGINT,
        stop_seconds=60,
        memory_mb=768,
    ),
    Service(
        name="minio",
        about="MinIO: the S3 store of the lake's files",
        ports=("minio_port", "minio_console_port"),
        check=minio.check,
        prepare=minio.prepare,
        command=minio.command,
        environment=minio.environment,
        is_healthy=minio.is_healthy,
        bootstrap=buckets.bootstrap,
        memory_mb=768,
    ),
    Service(
        name="spark",
        about="Spark Connect server: one warm Spark for commands, tasks and notebooks",
        ports=("spark_port", "spark_ui_port"),
        depends_on=("postgres", "minio"),
        check=spark.check,
        prepare=spark.prepare,
        command=spark.command,
        environment=spark.connect_environment,
        is_healthy=spark.is_healthy,
        memory_mb=3072,
    ),
    Service(
        name="history",
        about="Spark history server: the jobs of earlier Sparks",
        ports=("history_port",),
        check=spark.check,
        prepare=spark.prepare_history,
        command=spark.history_command,
        environment=spark.history_environment,
        is_healthy=spark.is_history_healthy,
        memory_mb=768,
    ),
    Service(
        name="airflow-api",
        about="Airflow: web page, REST API, and what tasks talk to",
        ports=("airflow_port",),
        depends_on=("postgres",),
        prepare=airflow.prepare,
        command=airflow.api_command,
        environment=airflow.environment,
        is_healthy=airflow.is_api_healthy,
        memory_mb=1024,
    ),
    Service(
        name="airflow-scheduler",
        about="Airflow: starts what is due, and runs the tasks",
        depends_on=("postgres",),
        prepare=airflow.prepare,
        command=airflow.scheduler_command,
        environment=airflow.preloading_environment,
        is_healthy=airflow.is_scheduler_healthy,
        # It lets running tasks end by themselves; they are repeated when it must not wait.
        stop_seconds=5,
        memory_mb=2048,
    ),
    Service(
        name="airflow-dag-processor",
        about="Airflow: reads the DAG files",
        depends_on=("postgres",),
        prepare=airflow.prepare,
        command=airflow.dag_processor_command,
        environment=airflow.preloading_environment,
        is_healthy=airflow.is_dag_processor_healthy,
        stop_seconds=5,
        memory_mb=768,
    ),
    Service(
        name="jupyter",
        about="JupyterLab: the notebooks",
        ports=("jupyter_port",),
        prepare=jupyter.prepare,
        command=jupyter.command,
        environment=jupyter.environment,
        is_healthy=jupyter.is_healthy,
        memory_mb=1024,
    ),
    Service(
        name="shop",
        about="the live shop: customers order as long as the stack runs",
        depends_on=("postgres",),
        command=shop.command,
        environment=shop.environment,
        is_healthy=shop.is_healthy,
        stop_seconds=30,
        memory_mb=512,
    ),
    Service(
        name="keeper",
        about="starts a service anew that ended by itself",
        command=keeper.command,
        environment=keeper.environment,
        is_healthy=keeper.is_healthy,
        memory_mb=128,
        # A container engine has a restart policy.
        has_container=False,
    ),
)

BY_NAME = {service.name: service for service in SERVICES}


def select(names: Sequence[str]) -> list[Service]:
    """The named services with those they depend on, in starting order; all of them for no names.

    Raises SettingsError for a name that is none.
    """
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        raise SettingsError(f"stack: there is no service {unknown[0]}. Choose from {', '.join(BY_NAME)}.")
    wanted = set(names or BY_NAME)
    for service in reversed(SERVICES):
        if service.name in wanted:
            wanted.update(service.depends_on)
    return [service for service in SERVICES if service.name in wanted]
