"""Airflow from the same environment: API server, scheduler and DAG processor, its metadata in the stack's PostgreSQL."""

import json
import os
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import psycopg

from shoplake.core.errors import ServiceError
from shoplake.core.progress import Progress
from shoplake.core.settings import AIRFLOW_DATABASE, AIRFLOW_ROLE, LOOPBACK, PROJECT_FOLDER, Settings
from shoplake.stack.local.ports import answers
from shoplake.stack.secrets import write_private

USER = "admin"
# Three at once were fastest on two cores; a task waits for Spark most of its time.
PARALLEL_TASKS = 3
_migrating = threading.Lock()


def folder(settings: Settings) -> Path:
    """AIRFLOW_HOME."""
    return settings.home / "airflow"


def url(settings: Settings) -> str:
    """Address of the web page and the REST API."""
    return f"http://{LOOPBACK}:{settings.airflow_port}"


def environment(settings: Settings) -> dict[str, str]:
    """Airflow's whole configuration; secrets travel here and not on command lines."""
    database = settings.postgres_url(AIRFLOW_ROLE, AIRFLOW_DATABASE).replace("postgresql://", "postgresql+psycopg2://")
    spark = {
        "conn_type": "spark_connect",
        "host": "sc://localhost",
        "port": settings.spark_port,
        "password": settings.secret("spark_token"),
    }
    configuration: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": PROJECT_FOLDER / "airflow" / "dags",
            "load_examples": False,
            "executor": "LocalExecutor",
            "parallelism": PARALLEL_TASKS,
            "default_task_retries": 2,
            "default_task_retry_delay": 10,
            "fernet_key": settings.secret("airflow_fernet"),
            "execution_api_server_url": f"{url(settings)}/execution/",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": _passwords_file(settings),
            # The default looks the host up in the DNS, which may take seconds where there is none.
            "hostname_callable": "socket.gethostname",
        },
        "database": {"sql_alchemy_conn": database},
        "api": {"base_url": url(settings), "secret_key": settings.secret("airflow_secret_key"), "expose_config": False},
        "api_auth": {"jwt_secret": settings.secret("airflow_jwt")},
        "logging": {"base_log_folder": folder(settings) / "logs", "logging_level": "WARNING"},
        "scheduler": {"orphaned_tasks_check_interval": 30, "task_instance_heartbeat_timeout": 60},
        "dag_processor": {"refresh_interval": 5, "min_file_process_interval": 30, "parsing_processes": 1},
        "usage_data_collection": {"enabled": False},
    }
    values = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": str(value) for section, keys in configuration.items() for name, value in keys.items()
    }
    return (
        settings.environment()
        | values
        | {
            "AIRFLOW_HOME": str(folder(settings)),
            "AIRFLOW_CONN_SPARK_LAKE": json.dumps(spark),
            # airflow_local_settings.py is looked for here.
            "PYTHONPATH": str(PROJECT_FOLDER / "airflow" / "config"),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
        }
    )


def preloading_environment(settings: Settings) -> dict[str, str]:
    """The same for processes that fork one per task or file: they import the heavy libraries once, before."""
    return environment(settings) | {"SHOPLAKE_PRELOAD": "1"}


def prepare(settings: Settings, progress: Progress) -> None:
    """Write the password file, and bring Airflow's tables to this version where they are not.

    Raises ServiceError when the migration fails.
    """
    # Three services ask for this at the same time.
    with _migrating:
        folder(settings).mkdir(parents=True, exist_ok=True)
        write_private(_passwords_file(settings), json.dumps({USER: settings.secret("airflow_admin")}) + "\n")
        marker = folder(settings) / "migrated"
        if marker.exists() and marker.read_text() == version("apache-airflow"):
            return
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
        migrated = subprocess.run(
            [*_airflow(), "db", "migrate"],
            env=inherited | environment(settings), cwd=folder(settings), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if migrated.returncode != 0:
            reason = (migrated.stderr.strip().splitlines() or [f"exit code {migrated.returncode}"])[-1]
            raise ServiceError(
                f"airflow: its tables could not be made in the database {AIRFLOW_DATABASE} ({reason[:300]}). Repeat `shoplake up`."
            )
        write_private(marker, version("apache-airflow"))


def api_command(settings: Settings) -> list[str]:
    """Command line of the API server, which serves the web page too."""
    return [*_airflow(), "api-server", "--host", LOOPBACK, "--port", str(settings.airflow_port), "--workers", "1"]


def scheduler_command(settings: Settings) -> list[str]:
    """Command line of the scheduler. Its log server is left out: the API server reads the log files itself."""
    return [*_airflow(), "scheduler", "--skip-serve-logs"]


def dag_processor_command(settings: Settings) -> list[str]:
    """Command line of the DAG processor."""
    return [*_airflow(), "dag-processor"]


def is_api_healthy(settings: Settings) -> bool:
    """Whether the API server answers and reaches its database."""
    return answers(f"{url(settings)}/api/v2/monitor/health")


def is_scheduler_healthy(settings: Settings) -> bool:
    """Whether a scheduler gives signs of life."""
    return _beats(settings, "airflow-scheduler", "SchedulerJob")


def is_dag_processor_healthy(settings: Settings) -> bool:
    """Whether a DAG processor gives signs of life."""
    return _beats(settings, "airflow-dag-processor", "DagProcessorJob")


def _airflow() -> list[str]:
    # -P: the current folder must not be looked at for packages, where the project's own folder airflow could lie.
    return [sys.executable, "-P", "-m", "airflow"]


def _passwords_file(settings: Settings) -> Path:
    return folder(settings) / "passwords.json"


def _started_at(settings: Settings, service: str) -> float:
    """When the process that the runner noted was created: the books of one that died still show its last heartbeat."""
    try:
        return float(json.loads((settings.home / "run" / f"{service}.json").read_text())["created"])
    except (OSError, ValueError, KeyError):
        return 0.0


def _beats(settings: Settings, service: str, job_type: str) -> bool:
    try:
        with psycopg.connect(settings.postgres_url(AIRFLOW_ROLE, AIRFLOW_DATABASE), connect_timeout=2) as connection:
            row = connection.execute(
                """
                select exists (
                    select from job
                    where job_type = %s and state = 'running' and latest_heartbeat > now() - interval '30 s' and start_date >= to_timestamp(%s)
                )
                """,
                (job_type, _started_at(settings, service)),
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])
