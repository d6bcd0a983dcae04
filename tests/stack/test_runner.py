import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shoplake.core.errors import DownloadError, PortTakenError, PrerequisiteError, ServiceError, StorageError
from shoplake.core.settings import LOOPBACK, SHOP_DATABASE, SHOP_OWNER, Settings, load_settings
from shoplake.core.spark import JARS
from shoplake.stack.local import ports, processes, runner
from shoplake.stack.local.runner import delete_data, down, pid_file, status, up
from shoplake.stack.private import free_ports, private_settings, temporary_home
from shoplake.stack.secrets import stack_file
from shoplake.stack.services import SERVICES
from tests.disks import full, small_disk

pytestmark = pytest.mark.integration


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder


@pytest.fixture
def occupied() -> Iterator[int]:
    """A port of the loopback address on which somebody else listens."""
    with socket.create_server((LOOPBACK, free_ports(1)[0])) as server:
        yield server.getsockname()[1]


def _nothing_runs(settings: Settings) -> bool:
    left = [processes.members(settings.home, service.name, pid_file(settings, service)) for service in SERVICES]
    return not any(left) and all(state.state == "stopped" for state in status(settings))


def test_starting_and_stopping_may_be_repeated(home: Path) -> None:
    settings = private_settings(home)
    first = up(settings, ["postgres", "minio"])
    assert first.names == ("postgres", "minio")
    assert up(settings, ["postgres", "minio"]).names == ()
    assert {state.name for state in status(first.settings) if state.state == "running"} == {"postgres", "minio"}
    assert sorted(down(first.settings)) == ["minio", "postgres"]
    assert down(first.settings) == []
    assert _nothing_runs(first.settings)


def test_two_starts_at_once_start_each_service_once(home: Path) -> None:
    settings, results = private_settings(home), []
    threads = [threading.Thread(target=lambda: results.append(up(settings, ["postgres", "minio"]).names)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [(), ("postgres", "minio")]


def test_a_service_comes_back_with_its_data_after_its_processes_were_killed(home: Path) -> None:
    settings = up(private_settings(home), ["postgres"]).settings
    dsn = settings.postgres_url(SHOP_OWNER, SHOP_DATABASE)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
    state = next(state for state in status(settings) if state.name == "postgres")
    os.kill(state.pid, 9)
    # The killed server's lock file now names a living process that is not PostgreSQL.
    lock = settings.home / "postgres" / "data" / "postmaster.pid"
    lock.write_text("\n".join([str(os.getpid()), *lock.read_text().splitlines()[1:]]) + "\n")
    assert up(settings, ["postgres"]).names == ("postgres",)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_a_port_taken_at_the_first_start_moves_and_is_remembered(home: Path, occupied: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # A default may move, a port that was chosen may not: so the occupied one must be the default here.
    monkeypatch.setattr(Settings.model_fields["minio_port"], "default", occupied)
    Settings.model_rebuild(force=True)
    try:
        chosen = dict(zip(["postgres_port", "minio_console_port"], free_ports(2), strict=True))
        started = up(load_settings(home=home, cache=load_settings().cache, **chosen), ["minio"])
    finally:
        monkeypatch.undo()
        Settings.model_rebuild(force=True)
    moved_to = started.settings.minio_port
    assert moved_to != occupied
    assert started.moved == (f"minio: port {occupied} is taken, so it listens on {moved_to}, now and later.",)
    down(started.settings)
    assert load_settings(home=home).minio_port == moved_to


def test_a_chosen_port_that_is_taken_is_said_with_its_setting_and_nothing_starts(home: Path, occupied: int) -> None:
    settings = private_settings(home, minio_port=occupied)
    with pytest.raises(PortTakenError, match=f"minio: port {occupied} is taken by another program.*set SHOPLAKE_MINIO_PORT to a free port"):
        up(settings, ["postgres", "minio"])
    assert _nothing_runs(settings)


def test_a_remembered_port_that_is_taken_later_is_said_with_its_setting(home: Path) -> None:
    settings = up(private_settings(home), ["minio"]).settings
    down(settings)
    with socket.create_server((LOOPBACK, settings.minio_port)):
        with pytest.raises(PortTakenError, match="set SHOPLAKE_MINIO_PORT"):
            up(load_settings(home=home, cache=settings.cache), ["minio"])
        assert _nothing_runs(settings)


def test_a_moved_port_is_used_by_the_next_start_and_a_running_service_follows(home: Path) -> None:
    settings = up(private_settings(home), ["minio"]).settings
    other = settings.changed(minio_port=free_ports(1)[0])
    assert up(other, ["minio"]).names == ("minio",)
    assert load_settings(home=home).minio_port == other.minio_port
    assert next(state for state in status(other) if state.name == "minio").state == "running"


def test_when_one_service_fails_those_started_with_it_are_stopped_and_its_log_is_named(home: Path) -> None:
    settings = private_settings(home)
    (home / "minio").mkdir()
    (home / "minio" / "data").write_text("a file where a folder must be")
    with pytest.raises(ServiceError, match=rf"minio: it stopped while starting \(the end of {home}/logs/minio.log: "):
        up(settings, ["postgres", "minio"])
    assert _nothing_runs(settings)


def test_a_missing_java_is_said_before_anything_starts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = private_settings(home, java_home=home)
    with pytest.raises(PrerequisiteError, match="no bin/java in it"):
        up(settings, ["spark"])
    assert _nothing_runs(settings)


def test_a_wrong_jar_stops_what_was_started_and_is_removed(home: Path) -> None:
    cache = home / "cache"
    (cache / "jars").mkdir(parents=True)
    for jar in JARS:
        (cache / "jars" / jar.file_name).symlink_to(load_settings().cache / "jars" / jar.file_name)
    broken = cache / "jars" / JARS[-1].file_name
    broken.unlink()
    broken.write_bytes(b"half a download")
    settings = private_settings(home, cache=cache, minio_binary=load_settings().cache / "bin" / "minio")
    with pytest.raises(DownloadError, match=rf"{broken.name} has SHA-256 \w+, expected \w+; it was removed"):
        up(settings, ["spark"])
    assert not broken.exists()
    assert _nothing_runs(settings)


def test_a_home_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file.* cannot be used \(Not a directory\)\. Set SHOPLAKE_HOME"):
        up(private_settings(tmp_path / "file" / "home"), ["postgres"])


@pytest.mark.parametrize("needed_bytes", [512 * 1024**2, 0], ids=["seen before", "met on the way"])
def test_a_full_disk_is_a_sentence_and_leaves_nothing_running(home: Path, needed_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_FREE_BYTES_NEEDED", needed_bytes)
    with small_disk(home / "disk", 8_192) as disk:
        settings = private_settings(disk)
        with pytest.raises(StorageError, match=r"disk of .* (is full|has 8 MB free).* set SHOPLAKE_HOME to a folder on another disk"):
            up(settings, ["postgres"])
        assert _nothing_runs(settings)


def test_a_full_disk_that_only_the_service_meets_is_said_as_such_and_with_room_again_it_starts(home: Path) -> None:
    settings = private_settings(home)
    with small_disk(home / "minio", 65_536) as disk:
        with (
            full(disk),
            pytest.raises(StorageError, match=r"^minio: it stopped while starting, because a disk is full \(see .*minio\.log: "),
        ):
            up(settings, ["minio"])
        assert _nothing_runs(settings)
        assert up(settings, ["minio"]).names == ("minio",)
        down(settings)


def test_delete_data_removes_data_and_secrets_and_keeps_the_cache(home: Path) -> None:
    settings = up(private_settings(home), ["postgres"]).settings
    (home / "cache").mkdir()
    assert stat.S_IMODE(stack_file(home).stat().st_mode) == 0o600
    assert delete_data(settings) == ["postgres"]
    assert sorted(entry.name for entry in home.iterdir()) == ["cache", "stack.lock"]


def test_a_failure_on_the_command_line_is_one_line_with_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    program = Path(sys.executable).with_name("shoplake")
    ended = subprocess.run(
        [str(program), "up", "postgres"],
        env=os.environ | {"SHOPLAKE_HOME": str(tmp_path / "file" / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (StorageError.exit_code, "", 1)


def test_a_container_s_entry_runs_one_service_and_stops_it_on_a_signal(home: Path) -> None:
    settings = private_settings(home)
    environment = os.environ | settings.environment()
    with (home / "log").open("wb") as log:
        entry = subprocess.Popen([sys.executable, "-m", "shoplake.stack.docker", "run", "minio"], env=environment, stdout=log, stderr=log)
    try:
        health = [sys.executable, "-m", "shoplake.stack.docker", "health", "minio"]
        while not ports.accepts(settings.minio_port):
            assert entry.poll() is None, (home / "log").read_text()
        assert subprocess.run(health, env=environment, check=False).returncode == 0
    finally:
        entry.terminate()
        entry.wait(20)
    assert not ports.accepts(settings.minio_port)


def test_the_live_shop_answers_and_ends_its_tick_when_it_is_stopped(home: Path) -> None:
    settings = up(private_settings(home), ["shop"]).settings
    assert next(state for state in status(settings) if state.name == "shop").state == "running"
    assert down(settings, ["shop"]) == ["shop"]
    # Its summary is printed only when it ended by itself.
    assert "reconnects" in (home / "logs" / "shop.log").read_text()
