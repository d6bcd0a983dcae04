"""Starting and stopping the stack: all of it or nothing, as often as one likes."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from shoplake.core.errors import PortTakenError, ServiceError, SettingsError, StorageError
from shoplake.core.progress import Progress, silent
from shoplake.core.settings import Settings
from shoplake.stack.local import ports, processes
from shoplake.stack.secrets import remember, remembered, stack_file
from shoplake.stack.services import SERVICES, Service, select

_FREE_BYTES_NEEDED = 512 * 1024**2
_LAST_LINES = 200
# How the lines of a Java stack trace begin that tell nothing to people.
_STACK_FRAMES = ("at ", "... ")
# Variables of a user's shell that would change what a service does; `shoplake env` sets some of them.
_FOREIGN = ("AIRFLOW_", "AWS_", "JUPYTER_", "MINIO_", "PG", "PYICEBERG_", "PYSPARK_", "PYTHONPATH", "SPARK_")


@dataclass(frozen=True)
class Started:
    """What :func:`up` did: the settings as they are now, which services it started, and sentences about moved ports."""

    settings: Settings
    names: tuple[str, ...]
    moved: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """One service as :func:`status` found it. Memory in bytes, 0 when stopped; uptime in seconds.

    ``last_words`` is the end of the log of one that ended though nobody stopped it.
    """

    name: str
    about: str
    state: str
    pid: int | None
    ports: tuple[int, ...]
    memory_bytes: int
    uptime_seconds: float
    last_words: str | None = None


def up(settings: Settings, names: Sequence[str] = (), progress: Progress = silent) -> Started:
    """Start the named services and what they depend on, or all. Those that run are left alone.

    Returns once every one answers. When one fails, those that this call started
    are stopped again. Raises PrerequisiteError, PortTakenError, StorageError,
    DownloadError or ServiceError, each with what to do.
    """
    services = select(names)
    with _storage_failures(settings), _alone(settings):
        return _up(settings, services, progress)


def revive(settings: Settings, but: Collection[str] = ()) -> list[State]:
    """Start anew the services that ended though nobody stopped them, except those named in ``but``. Returns how they were found.

    While somebody else starts or stops services, nothing is done. Raises what
    :func:`up` raises; the services are then stopped, and not found here again.
    """
    if not _ended(settings):
        return []
    with contextlib.suppress(BlockingIOError), _alone(settings, wait=False), _storage_failures(settings):
        # Looked at again, since somebody may have stopped or started them before the lock was ours.
        found = [_state(settings, service) for service in _ended(settings) if service.name not in but]
        if found:
            _up(settings, select([state.name for state in found]), silent)
        return found
    return []


def down(settings: Settings, names: Sequence[str] = ()) -> list[str]:
    """Stop the named services, or all, those first that depend on others. Returns what was running."""
    chosen = select_exactly(names) if names else SERVICES
    if not settings.home.is_dir():
        return []
    with _storage_failures(settings), _alone(settings):
        return _stop_all(settings, chosen)


def delete_data(settings: Settings) -> list[str]:
    """Stop everything, then remove data, logs and secrets; what can be fetched or built again stays. Returns what was running.

    Raises StorageError when something cannot be removed.
    """
    stopped = down(settings)
    if not settings.home.is_dir():
        return stopped
    with _storage_failures(settings), _alone(settings):
        # Only what the stack makes itself: the folder may hold other things.
        for name in ("airflow", "logs", "run", *(service.name for service in SERVICES)):
            if (settings.home / name).is_dir():
                shutil.rmtree(settings.home / name)
        stack_file(settings.home).unlink(missing_ok=True)
    return stopped


def select_exactly(names: Sequence[str]) -> list[Service]:
    """The named services alone. Raises SettingsError for a name that is none."""
    return [service for service in select(names) if service.name in names]


def status(settings: Settings) -> list[State]:
    """Every service: stopped, ended (nobody stopped it), running, or running without answering."""
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        return list(pool.map(lambda service: _state(settings, service), SERVICES))


def pid_file(settings: Settings, service: Service) -> Path:
    """Where the running process of a service is noted."""
    return settings.home / "run" / f"{service.name}.json"


def log_file(settings: Settings, service: Service) -> Path:
    """Where a service's output goes."""
    return settings.home / "logs" / f"{service.name}.log"


def _up(settings: Settings, services: Sequence[Service], progress: Progress) -> Started:
    _check_storage(settings)
    settings, moved = _decide_ports(settings, services)
    for service in services:
        service.check(settings)
    known_ports, _ = remembered(settings.home)
    for service in services:
        if processes.find(pid_file(settings, service)) is None:
            processes.kill_members(settings.home, service.name, pid_file(settings, service))
            _check_ports(settings, service, service.ports)
        else:
            _check_ports(settings, service, [name for name in service.ports if known_ports.get(name) != getattr(settings, name)])
    settings = _remember(settings, services)
    return Started(settings, tuple(_start_all(settings, services, progress)), tuple(moved))


def _has_ended(settings: Settings, service: Service) -> bool:
    """Whether it ended by itself: who stops a service takes its note away."""
    return pid_file(settings, service).exists() and processes.find(pid_file(settings, service)) is None


def _ended(settings: Settings) -> list[Service]:
    return [service for service in SERVICES if _has_ended(settings, service)]


def _state(settings: Settings, service: Service) -> State:
    running = processes.find(pid_file(settings, service))
    numbers = tuple(int(getattr(settings, port)) for port in service.ports)
    if _has_ended(settings, service):
        return State(service.name, service.about, "ended", None, numbers, 0, 0.0, _log_end(settings, service))
    if running is None:
        return State(service.name, service.about, "stopped", None, numbers, 0, 0.0)
    state = "running" if service.is_healthy(settings) else "not answering"
    memory = processes.tree_memory_bytes(settings.home, service.name, pid_file(settings, service))
    return State(service.name, service.about, state, running.pid, numbers, memory, time.time() - running.created)


@contextlib.contextmanager
def _alone(settings: Settings, wait: bool = True) -> Iterator[None]:
    """Let one `up` or `down` of this folder run at a time; the lock dies with its holder. Raises BlockingIOError where it is not to be waited for."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.home / "stack.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def _storage_failures(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        place = problem.filename or settings.home
        if problem.errno == errno.ENOSPC:
            raise StorageError(
                f"stack: the disk of {place} is full. Free space, or set SHOPLAKE_HOME to a folder on another disk."
            ) from problem
        raise StorageError(
            f"stack: {place} cannot be used ({problem.strerror or problem}). Set SHOPLAKE_HOME to a folder that you can write."
        ) from problem


def _check_storage(settings: Settings) -> None:
    probe = settings.home / ".writable"
    probe.write_bytes(b"")
    probe.unlink()
    free = shutil.disk_usage(settings.home).free
    if free < _FREE_BYTES_NEEDED:
        raise StorageError(
            f"stack: the disk of {settings.home} has {free // 1024**2} MB free and the stack needs {_FREE_BYTES_NEEDED // 1024**2} MB. "
            "Free space, or set SHOPLAKE_HOME to a folder on another disk."
        )


def settle(settings: Settings, services: Sequence[Service]) -> tuple[Settings, list[str]]:
    """Decide and remember the ports and secrets of ``services``, while nobody else does. Returns the settings and what moved."""
    with _storage_failures(settings), _alone(settings):
        settings, moved = _decide_ports(settings, services)
        return _remember(settings, services), moved


def _decide_ports(settings: Settings, services: Sequence[Service]) -> tuple[Settings, list[str]]:
    """The ports of all services. One that is taken when it is first wanted moves, unless it was chosen by hand.

    Raises SettingsError when two that may not move are the same.
    """
    known_ports, _ = remembered(settings.home)
    numbers = {name: int(getattr(settings, name)) for service in SERVICES for name in service.ports}
    fixed: dict[int, str] = {}
    for name, number in numbers.items():
        if name not in known_ports and name not in settings.model_fields_set:
            continue
        if number in fixed:
            raise SettingsError(
                f"stack: SHOPLAKE_{fixed[number].upper()} and SHOPLAKE_{name.upper()} are both {number}. Set one of them to another port."
            )
        fixed[number] = name
    moved = []
    for service in services:
        for name in service.ports:
            wanted = numbers[name]
            if fixed.get(wanted) == name or (wanted not in fixed and ports.is_free(wanted)):
                continue
            numbers[name] = ports.next_free(wanted, numbers.values())
            moved.append(f"{service.name}: port {wanted} is taken, so it listens on {numbers[name]}, now and later.")
    return settings.changed(**numbers), moved


def _remember(settings: Settings, services: Sequence[Service]) -> Settings:
    """Remember the ports of ``services`` beside those of earlier starts, and all secrets. Returns the settings with the secrets."""
    known_ports, known_secrets = remembered(settings.home)
    mine = {name: int(getattr(settings, name)) for service in services for name in service.ports}
    return settings.changed(secrets=remember(settings.home, known_ports | mine, settings.secrets | known_secrets))


def _check_ports(settings: Settings, service: Service, names: Iterable[str]) -> None:
    for name in names:
        number, setting = getattr(settings, name), f"SHOPLAKE_{name.upper()}"
        problem = ports.obstacle(number)
        if problem is None:
            continue
        if problem.errno == errno.EACCES:
            raise PortTakenError(f"{service.name}: your user may not listen on port {number}. Set {setting} to a free port from 1024 on.")
        raise PortTakenError(f"{service.name}: port {number} is taken by another program. Stop that, or set {setting} to a free port.")


def _start_all(settings: Settings, services: Sequence[Service], progress: Progress) -> list[str]:
    """Start services side by side, each when those it depends on answer."""
    ready = {service.name: threading.Event() for service in services}
    giving_up = threading.Event()
    started: list[Service] = []

    def bring_up(service: Service) -> None:
        for needed in service.depends_on:
            while not ready[needed].wait(0.05):
                if giving_up.is_set():
                    return
        if not giving_up.is_set():
            _bring_up(settings, service, progress, started.append, giving_up)
            ready[service.name].set()

    with ThreadPoolExecutor(len(services)) as pool:
        waiting = [pool.submit(bring_up, service) for service in services]
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                future.result()
                progress("starting services", done, len(services))
        except BaseException:
            giving_up.set()
            pool.shutdown(wait=True)
            _stop_all(settings, started)
            raise
    return [service.name for service in services if service in started]


def _bring_up(
    settings: Settings, service: Service, progress: Progress, on_start: Callable[[Service], None], giving_up: threading.Event
) -> None:
    file = pid_file(settings, service)
    argv, own = service.command(settings), service.environment(settings)
    fingerprint = _fingerprint(argv, own)
    running = processes.find(file)
    if running is not None and running.fingerprint != fingerprint:
        processes.stop(settings.home, service.name, file, service.stop_signal, service.stop_seconds)
        _check_ports(settings, service, service.ports)
        running = None
    if running is not None:
        try:
            _await_health(settings, service, running, giving_up)
        except ServiceError:
            if running.process() is not None or giving_up.is_set():
                raise
            # It was dying when it was found, as just after a kill.
            processes.kill_members(settings.home, service.name, file)
            running = None
    if running is None:
        service.prepare(settings, progress)
        on_start(service)
        environment = environment_of(settings, service, own)
        log = log_file(settings, service)
        log_begin = log.stat().st_size if log.exists() else 0
        running = processes.start(argv, environment, settings.home / service.name, log, file, fingerprint)
        _await_health(settings, service, running, giving_up, log_begin)
    service.bootstrap(settings)


def environment_of(settings: Settings, service: Service, own: Mapping[str, str]) -> dict[str, str]:
    """The environment that a service runs in: the caller's, without what would change it, and its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return inherited | dict(own) | {processes.MARKER: processes.mark(settings.home, service.name)}


def _fingerprint(argv: Sequence[str], own: Mapping[str, str]) -> str:
    """Changes when the service would be started otherwise than it was: then it must be started anew."""
    telling = {name: value for name, value in own.items() if name not in {"PATH", "LOG_LEVEL"}}
    described = json.dumps([list(argv), telling], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()


def _await_health(settings: Settings, service: Service, running: processes.Running, giving_up: threading.Event, log_begin: int = 0) -> None:
    deadline = time.monotonic() + service.start_seconds
    while not service.is_healthy(settings):
        if giving_up.is_set():
            raise ServiceError(f"{service.name}: given up, because another service did not start.")
        if running.process() is None:
            raise _failed_start(settings, service, "it stopped while starting", log_begin)
        if time.monotonic() > deadline:
            raise _failed_start(settings, service, f"it did not answer within {service.start_seconds} s", log_begin)
        time.sleep(0.25)


def _failed_start(settings: Settings, service: Service, what: str, log_begin: int) -> ServiceError | StorageError:
    """What became of a service that did not start, with what its log says behind ``log_begin`` bytes."""
    path = log_file(settings, service)
    full = [line for line in _last_lines(path, log_begin) if "no space left on device" in line.lower()]
    if full:
        return StorageError(
            f"{service.name}: {what}, because a disk is full (see {path}: {full[-1][:300]}). "
            "Free space, or set SHOPLAKE_HOME to a folder on another disk."
        )
    return ServiceError(f"{service.name}: {what} ({_log_end(settings, service, log_begin)}). Correct that, then repeat.")


def _log_end(settings: Settings, service: Service, log_begin: int = 0) -> str:
    """What a service said last behind ``log_begin`` bytes of its log, in words."""
    path = log_file(settings, service)
    lines = _last_lines(path, log_begin)
    return f"the end of {path}: {lines[-1][:300]}" if lines else f"nothing in {path}"


def _last_lines(log: Path, begin: int) -> list[str]:
    """The last lines of a log behind ``begin`` bytes, without those of stack traces that tell nothing to people."""
    written = log.read_bytes() if log.exists() else b""
    # A log that grew large was begun anew.
    text = written[begin if begin < len(written) else 0 :].decode(errors="replace")
    return [line.strip() for line in text.splitlines()[-_LAST_LINES:] if line.strip() and not line.lstrip().startswith(_STACK_FRAMES)]


def _stop_all(settings: Settings, services: Sequence[Service]) -> list[str]:
    """Stop services side by side, level by level: those that nobody depends on first."""
    stopped: list[str] = []
    left = list(services)
    while left:
        needed = {name for service in left for name in service.depends_on}
        level = [service for service in left if service.name not in needed]
        with ThreadPoolExecutor(len(level)) as pool:
            results = pool.map(
                lambda service: processes.stop(
                    settings.home, service.name, pid_file(settings, service), service.stop_signal, service.stop_seconds
                ),
                level,
            )
            stopped += [service.name for service, was_running in zip(level, results, strict=True) if was_running]
        left = [service for service in left if service not in level]
    return stopped
