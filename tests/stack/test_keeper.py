import fcntl
import os
import time
from collections.abc import Callable, Iterator

import pytest

from shoplake.core.settings import Settings
from shoplake.stack.local.keeper import beat_file
from shoplake.stack.local.runner import State, down, log_file, revive, status, up
from shoplake.stack.private import private_stack
from shoplake.stack.services import BY_NAME

pytestmark = pytest.mark.integration


@pytest.fixture
def kept() -> Iterator[Settings]:
    """A MinIO with the keeper beside it."""
    with private_stack("minio", "keeper") as settings:
        yield settings


def _minio(settings: Settings) -> State:
    return next(state for state in status(settings) if state.name == "minio")


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def _await_looks(settings: Settings, count: int) -> None:
    for _ in range(count):
        last = beat_file(settings).stat().st_mtime_ns
        _until(lambda last=last: beat_file(settings).stat().st_mtime_ns > last, "the keeper does not look any more")


def _kill_and_await(settings: Settings) -> None:
    killed = _minio(settings).pid
    assert killed is not None
    os.kill(killed, 9)
    _until(lambda: _minio(settings).state == "running" and _minio(settings).pid != killed, "it is not started anew")
    _await_looks(settings, 1)


def test_a_killed_service_is_started_anew_and_its_last_words_are_kept(kept: Settings) -> None:
    _kill_and_await(kept)
    said = log_file(kept, BY_NAME["keeper"]).read_text()
    assert said.count("minio had ended by itself") == 1
    assert str(log_file(kept, BY_NAME["minio"])) in said


@pytest.mark.long
def test_a_service_that_ends_too_often_is_left_and_its_last_words_are_told(kept: Settings) -> None:
    for _ in range(5):
        _kill_and_await(kept)
    os.kill(_minio(kept).pid or 0, 9)
    _await_looks(kept, 3)
    left = _minio(kept)
    assert (left.state, left.pid) == ("ended", None)
    assert str(log_file(kept, BY_NAME["minio"])) in (left.last_words or "")
    assert up(kept, ["minio"]).names == ("minio",)


def test_a_service_that_somebody_stopped_stays_stopped(kept: Settings) -> None:
    assert down(kept, ["minio"]) == ["minio"]
    _await_looks(kept, 3)
    assert _minio(kept).state == "stopped"


def test_a_keeper_that_starts_among_killed_services_waits_for_nobody_who_waits_for_it(kept: Settings) -> None:
    down(kept, ["keeper"])
    os.kill(_minio(kept).pid or 0, 9)
    _until(lambda: _minio(kept).state == "ended", "a killed process does not end")
    with (kept.home / "stack.lock").open("w") as lock:
        # As `up` does, which starts the keeper beside the others.
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert revive(kept) == []
    assert [state.name for state in revive(kept)] == ["minio"]
    assert _minio(kept).state == "running"
