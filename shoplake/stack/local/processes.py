"""Processes that outlive the command that started them, found again by pid file, and stopped whole."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from shoplake.stack.secrets import write_private

# Every process of a service, children included, carries this variable: so a service is found whole, even when its first process is dead.
MARKER = "SHOPLAKE_SERVICE"
_LOG_BYTES = 20_000_000
# Kept so that a process that we started and that ended is reaped, and not taken for a running one.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Running:
    """A started process: its pid, when it was created (seconds since 1970), what it was started from, and its birth as the kernel counts it."""

    pid: int
    created: float
    fingerprint: str
    birth: str

    def process(self) -> psutil.Process | None:
        """The living process, or None when it ended; another process that got its number is not it."""
        if _reaped(self.pid):
            return None
        try:
            process = psutil.Process(self.pid)
            return process if _birth(self.pid) == self.birth and _is_alive(process) else None
        except (psutil.Error, OSError):
            return None


def mark(home: Path, name: str) -> str:
    """The marker's value for service ``name`` of the stack in ``home``."""
    return f"{home}:{name}"


def start(argv: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, pid_file: Path, fingerprint: str) -> Running:
    """Start a process in a session of its own, in ``folder``, its output appended to ``log``.

    Raises OSError when the program cannot be run or a file cannot be written.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        # What a service writes is its user's alone: some write tokens into files of their own.
        child = subprocess.Popen(
            list(argv),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=0o077,
        )
    _children[child.pid] = child
    running = Running(child.pid, psutil.Process(child.pid).create_time(), fingerprint, _birth(child.pid))
    try:
        write_private(pid_file, json.dumps(asdict(running)))
    except OSError:
        os.killpg(child.pid, signal.SIGKILL)
        raise
    return running


def _birth(pid: int) -> str:
    """What tells a process from another that gets its number later, wherever the wall clock is set: the boot, and its tick in it."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    # The name before it is in parentheses and may hold anything; the start is field 22 of proc_pid_stat(5).
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{boot} {ticks}"


def find(pid_file: Path) -> Running | None:
    """The process that ``pid_file`` names, when it still lives."""
    try:
        running = Running(**json.loads(pid_file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return running if running.process() is not None else None


def members(home: Path, name: str, pid_file: Path) -> list[psutil.Process]:
    """Every living process of a service, children included, also when its first process is dead."""
    wanted, session = mark(home, name), _noted_pid(pid_file)
    return [process for process in psutil.process_iter() if _belongs(process, wanted, session, str((home / name).resolve()))]


def _belongs(process: psutil.Process, wanted: str, session: int | None, folder: str) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        if _has_ended(process):
            return False
        if process.environ().get(MARKER) == wanted:
            return True
        # A process that gave itself a title has overwritten its environment; its session and folder still tell.
        return session is not None and os.getsid(process.pid) == session and process.cwd().startswith(folder)
    return False


def _noted_pid(pid_file: Path) -> int | None:
    try:
        return int(json.loads(pid_file.read_text())["pid"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def stop(home: Path, name: str, pid_file: Path, stop_signal: signal.Signals, grace_seconds: float) -> bool:
    """Stop a service whole: ask its first process, wait, then kill what is left. Returns whether there was anything to stop."""
    running = find(pid_file)
    process = running.process() if running else None
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(stop_signal)
        _await_end([process], grace_seconds)
    was_running = bool(process) | kill_members(home, name, pid_file)
    if process is not None:
        _kill([process])
    pid_file.unlink(missing_ok=True)
    return was_running


def kill_members(home: Path, name: str, pid_file: Path) -> bool:
    """End what a service left behind without its first process. Returns whether there was any."""
    left = members(home, name, pid_file)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _kill(_await_end(left, 3.0))
    return bool(left)


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _await_end(processes, 5.0)


def _await_end(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for processes to end; returns those that did not."""
    deadline = time.monotonic() + seconds
    alive = list(processes)
    while True:
        alive = [process for process in alive if _lives(process)]
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    if _reaped(process.pid):
        return False
    try:
        return process.is_running() and _is_alive(process)
    except psutil.Error:
        return False


def _is_alive(process: psutil.Process) -> bool:
    # An ended child of this process counts as alive until it is reaped, so that none is forgotten.
    return process.pid in _children or not _has_ended(process)


def _has_ended(process: psutil.Process) -> bool:
    # The first thread of a killed process ends before the others, which hold its ports and files to the last.
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1


def _reaped(pid: int) -> bool:
    """Whether ``pid`` was a child of this process and has ended; the kernel then forgets it."""
    child = _children.get(pid)
    if child is None or child.poll() is None:
        return False
    del _children[pid]
    return True


def tree_memory_bytes(home: Path, name: str, pid_file: Path) -> int:
    """Memory that a service's processes hold, shared pages counted once (proportional set size; resident set where that is not told)."""
    running = find(pid_file)
    leader = running.process() if running else None
    processes = {process.pid: process for process in members(home, name, pid_file)}
    if leader is not None:
        with contextlib.suppress(psutil.Error):
            processes |= {process.pid: process for process in (leader, *leader.children(recursive=True))}
    total = 0
    for process in processes.values():
        with contextlib.suppress(psutil.Error):
            memory = process.memory_full_info()
            total += getattr(memory, "pss", 0) or memory.rss
    return total
