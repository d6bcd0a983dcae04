"""The warm Spark: one Spark Connect server that everybody shares, and the history server that remembers its jobs."""

import hashlib
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from shoplake.core.errors import PrerequisiteError
from shoplake.core.progress import Progress
from shoplake.core.settings import LOOPBACK, Settings
from shoplake.core.spark import ENGINE_PROPERTIES, catalog_properties, jar_paths
from shoplake.stack.local.jars import ensure_jars
from shoplake.stack.local.java import java_home
from shoplake.stack.local.ports import accepts, answers
from shoplake.stack.secrets import write_private

_CONNECT_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
_HISTORY_SERVER = "org.apache.spark.deploy.history.HistoryServer"


def check(settings: Settings) -> None:
    """Raise PrerequisiteError when Spark cannot be run here."""
    _spark_home()
    java_home(settings)


def folder(settings: Settings) -> Path:
    """Where Spark writes everything of its own."""
    return settings.home / "spark"


def environment(settings: Settings) -> dict[str, str]:
    """What Spark's scripts and JVMs look at: their Java and Python, and the one address they bind the web pages to."""
    java = java_home(settings)
    python_folder = Path(sys.executable).parent
    return {
        "SPARK_HOME": str(_spark_home()),
        "SPARK_CONF_DIR": str(folder(settings) / "conf"),
        "SPARK_LOCAL_IP": LOOPBACK,
        "JAVA_HOME": str(java),
        "PYSPARK_PYTHON": sys.executable,
        "PATH": os.pathsep.join((str(python_folder), str(java / "bin"), os.environ.get("PATH", os.defpath))),
    }


def prepare(settings: Settings, progress: Progress) -> None:
    """Have the jars, and write the server's configuration, which holds secrets and so has mode 0600.

    Raises DownloadError when a jar is missing or wrong.
    """
    _prepare_folders(settings, "connect")
    ensure_jars(settings, _spark_home() / "bin" / "spark-submit", _fetch_environment(settings), progress)
    write_private(_connect_file(settings), _as_text(_connect_properties(settings)))


def connect_environment(settings: Settings) -> dict[str, str]:
    """As Spark's own, with a digest of the configuration file: when that changes, the server must be started anew."""
    text = _as_text(_connect_properties(settings))
    return environment(settings) | {"SHOPLAKE_PROPERTIES_SHA256": hashlib.sha256(text.encode()).hexdigest()}


def command(settings: Settings) -> list[str]:
    """The Spark Connect server's command line."""
    return [
        str(_spark_home() / "bin" / "spark-submit"), "--properties-file", str(_connect_file(settings)), "--class", _CONNECT_SERVER,
        "--name", "shoplake", "spark-internal",
    ]  # fmt: skip


def is_healthy(settings: Settings) -> bool:
    """Whether the Spark Connect server listens and its web page answers."""
    return accepts(settings.spark_port) and answers(f"http://{LOOPBACK}:{settings.spark_ui_port}/api/v1/version")


def prepare_history(settings: Settings, progress: Progress) -> None:
    """Write the history server's configuration."""
    _prepare_folders(settings, "history")
    write_private(_history_file(settings), _as_text(_history_properties(settings)))


def history_command(settings: Settings) -> list[str]:
    """The history server's command line."""
    return [str(_spark_home() / "bin" / "spark-class"), _HISTORY_SERVER, "--properties-file", str(_history_file(settings))]


def history_environment(settings: Settings) -> dict[str, str]:
    """As Spark's own, with a small heap and a compiler that starts fast: the server has little to do."""
    return environment(settings) | {
        "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_DAEMON_JAVA_OPTS": f"-XX:ReservedCodeCacheSize=512m -XX:+UseSerialGC {_temporary(settings, 'history')}",
    }


def is_history_healthy(settings: Settings) -> bool:
    """Whether the history server answers."""
    return answers(f"http://{LOOPBACK}:{settings.history_port}/api/v1/version")


def _spark_home() -> Path:
    package = find_spec("pyspark")
    if package is None or package.origin is None:
        raise PrerequisiteError("stack: the package pyspark is not installed. Run `make setup`.")
    return Path(package.origin).parent


def _connect_file(settings: Settings) -> Path:
    return folder(settings) / "conf" / "connect.properties"


def _history_file(settings: Settings) -> Path:
    return folder(settings) / "conf" / "history.properties"


def _fetch_environment(settings: Settings) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))} | environment(settings)


def _temporary(settings: Settings, server: str) -> str:
    return f'"-Djava.io.tmpdir={folder(settings) / "tmp" / server}"'


def _prepare_folders(settings: Settings, server: str) -> None:
    """Make what a server writes to, without what one that was killed had no time to remove."""
    temporary = folder(settings) / "tmp" / server
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    for name in ("conf", "events", "local", "warehouse"):
        (folder(settings) / name).mkdir(parents=True, exist_ok=True)
    logging = Path(__file__).with_name("log4j2.properties").read_text()
    write_private(folder(settings) / "conf" / "log4j2.properties", logging)


def _connect_properties(settings: Settings) -> dict[str, str]:
    return (
        ENGINE_PROPERTIES
        # Whoever writes brings the writer's identity in a session of their own.
        | catalog_properties(settings, reader=True)
        | {
            "spark.master": "local[*]",
            "spark.driver.memory": settings.spark_memory,
            # What Spark generates fills the code cache; what is dropped to make room would be compiled again.
            "spark.driver.extraJavaOptions": f"{_temporary(settings, 'connect')} -XX:ReservedCodeCacheSize=512m",
            "spark.jars": ",".join(str(path) for path in jar_paths(settings)),
            "spark.local.dir": str(folder(settings) / "local"),
            "spark.sql.warehouse.dir": (folder(settings) / "warehouse").as_uri(),
            "spark.connect.grpc.binding.address": LOOPBACK,
            "spark.connect.grpc.binding.port": str(settings.spark_port),
            "spark.connect.authenticate.token": settings.secret("spark_token"),
            "spark.ui.port": str(settings.spark_ui_port),
            # The next port would be taken in silence, and our URLs would point at somebody else.
            "spark.port.maxRetries": "0",
            "spark.ui.retainedJobs": "500",
            "spark.ui.retainedStages": "500",
            "spark.sql.ui.retainedExecutions": "200",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": (folder(settings) / "events").as_uri(),
            "spark.eventLog.rolling.maxFileSize": "32m",
            "spark.eventLog.logBlockUpdates.enabled": "false",
        }
    )


def _history_properties(settings: Settings) -> dict[str, str]:
    return {
        # Taken as it stands, unlike the Connect server's: a space may not be encoded.
        "spark.history.fs.logDirectory": f"file://{folder(settings) / 'events'}",
        "spark.history.ui.port": str(settings.history_port),
        "spark.history.fs.update.interval": "5s",
        "spark.history.retainedApplications": "5",
        "spark.history.fs.cleaner.enabled": "true",
        "spark.history.fs.cleaner.maxNum": "50",
        "spark.port.maxRetries": "0",
    }


def _as_text(properties: dict[str, str]) -> str:
    # The file is read as Java properties: a backslash would begin an escape.
    return "".join("{} {}\n".format(name, value.replace("\\", "\\\\")) for name, value in sorted(properties.items()))
