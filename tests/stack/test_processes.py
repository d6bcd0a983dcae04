import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shoplake.core.settings import PROJECT_FOLDER
from shoplake.stack.local import processes
from shoplake.stack.local.ports import is_free

pytestmark = pytest.mark.unit

NAME = "sleeper"
# A first process with a child; neither ends by itself.
WITH_CHILD = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)"
# Its first thread ends, as in a process that was killed a moment ago; another holds a port on.
HALF_DEAD = """
import ctypes, socket, sys, threading, time
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=time.sleep, args=(600,)).start()
print(server.getsockname()[1], flush=True)
EXIT_OF_ONE_THREAD = 60
ctypes.CDLL(None).syscall(EXIT_OF_ONE_THREAD, 0)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    processes.kill_members(tmp_path, NAME, _pid_file(tmp_path))


def _pid_file(home: Path) -> Path:
    return home / "run" / f"{NAME}.json"


def _noted(home: Path) -> processes.Running:
    return processes.Running(**json.loads(_pid_file(home).read_text()))


def _start(home: Path, code: str) -> processes.Running:
    environment = dict(os.environ) | {processes.MARKER: processes.mark(home, NAME)}
    return processes.start([sys.executable, "-c", code], environment, home / NAME, home / "log", _pid_file(home), "any")


def _await_members(home: Path, count: int) -> list[psutil.Process]:
    while len(found := processes.members(home, NAME, _pid_file(home))) < count:
        pass
    return found


def _stop(home: Path, grace_seconds: float = 5.0) -> bool:
    return processes.stop(home, NAME, _pid_file(home), signal.SIGTERM, grace_seconds)


def test_a_started_process_is_found_again_and_stopped_with_its_children(home: Path) -> None:
    started = _start(home, WITH_CHILD)
    assert processes.find(_pid_file(home)) == started
    family = _await_members(home, 2)
    assert _stop(home)
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert processes.find(_pid_file(home)) is None


def test_a_process_whose_first_thread_alone_has_ended_still_runs_until_it_is_stopped(home: Path) -> None:
    # Started by another process, so that it is nobody's child here.
    starter = f"from tests.stack.test_processes import HALF_DEAD, Path, _start; _start(Path({str(home)!r}), HALF_DEAD)"
    subprocess.run([sys.executable, "-c", starter], check=True, cwd=PROJECT_FOLDER)
    while psutil.Process(_noted(home).pid).status() != psutil.STATUS_ZOMBIE:
        pass
    port = int((home / "log").read_text())
    assert processes.find(_pid_file(home)) == _noted(home)
    assert not is_free(port)
    _stop(home, 0.2)
    assert processes.find(_pid_file(home)) is None
    assert is_free(port)


def test_stopping_twice_does_nothing_the_second_time(home: Path) -> None:
    _start(home, WITH_CHILD)
    assert _stop(home)
    assert not _stop(home)


def test_children_of_a_killed_process_are_found_and_ended(home: Path) -> None:
    started = _start(home, WITH_CHILD)
    _await_members(home, 2)
    os.kill(started.pid, signal.SIGKILL)
    while processes.find(_pid_file(home)) is not None:
        pass
    assert len(processes.members(home, NAME, _pid_file(home))) == 1
    assert processes.kill_members(home, NAME, _pid_file(home))
    assert processes.members(home, NAME, _pid_file(home)) == []


def test_a_process_that_ignores_the_signal_is_killed_after_the_grace(home: Path) -> None:
    _start(home, STUBBORN)
    assert _stop(home, grace_seconds=0.2)
    assert processes.members(home, NAME, _pid_file(home)) == []


def test_a_pid_number_that_belongs_to_another_process_now_is_not_ours_and_is_left_alone(home: Path) -> None:
    _pid_file(home).parent.mkdir()
    note = {"pid": os.getpid(), "created": psutil.Process().create_time(), "fingerprint": "any", "birth": "another"}
    _pid_file(home).write_text(json.dumps(note))
    assert processes.find(_pid_file(home)) is None
    assert not _stop(home)


def test_a_process_is_known_again_after_the_wall_clock_was_set(home: Path) -> None:
    _start(home, WITH_CHILD)
    note = json.loads(_pid_file(home).read_text())
    _pid_file(home).write_text(json.dumps({**note, "created": note["created"] - 3600}))
    assert processes.find(_pid_file(home)) is not None


def test_a_torn_pid_file_counts_as_none(home: Path) -> None:
    _pid_file(home).parent.mkdir()
    _pid_file(home).write_text('{"pid": 1')
    assert processes.find(_pid_file(home)) is None
