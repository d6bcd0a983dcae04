"""Surroundings in which the stack cannot start: each ends in one sentence, and nothing is left half started."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shoplake.core.errors import DownloadError, PortTakenError, SettingsError, StorageError
from shoplake.core.progress import silent
from shoplake.core.settings import LOOPBACK, load_settings
from shoplake.stack.local import minio
from shoplake.stack.local.runner import settle, up
from shoplake.stack.private import free_ports, private_settings, temporary_home
from shoplake.stack.secrets import stack_file
from shoplake.stack.services import select

pytestmark = pytest.mark.unit

NOBODY = 65534


@contextmanager
def without_rights() -> Iterator[None]:
    """Not to be root while the body runs."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_a_home_that_may_not_be_written_is_a_sentence(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    settings = private_settings(closed / "home")
    with (
        without_rights(),
        pytest.raises(StorageError, match=r"closed.* cannot be used \(Permission denied\)\. Set SHOPLAKE_HOME to a folder"),
    ):
        up(settings, ["minio"])
    assert list(closed.iterdir()) == []


def test_a_port_that_only_root_may_listen_on_is_not_called_taken() -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 81:
        pytest.skip("this machine lets every user listen on low ports")
    sentence = r"^minio: your user may not listen on port 81\. Set SHOPLAKE_MINIO_PORT to a free port from 1024 on\.$"
    with temporary_home() as home:
        home.chmod(0o777)
        settings = private_settings(home, minio_port=81)
        with without_rights(), pytest.raises(PortTakenError, match=sentence):
            up(settings, ["minio"])
        assert not stack_file(home).exists()


def test_two_settings_with_one_port_are_both_named(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    sentence = rf"^stack: SHOPLAKE_POSTGRES_PORT and SHOPLAKE_MINIO_PORT are both {port}\. Set one of them to another port\.$"
    with pytest.raises(SettingsError, match=sentence):
        up(private_settings(tmp_path, postgres_port=port, minio_port=port), ["minio"])
    assert not stack_file(tmp_path).exists()


def test_a_chosen_port_that_is_taken_is_not_remembered(tmp_path: Path) -> None:
    settings = private_settings(tmp_path, minio_port=free_ports(1)[0])
    with socket.create_server((LOOPBACK, settings.minio_port)), pytest.raises(PortTakenError):
        up(settings, ["minio"])
    assert not stack_file(tmp_path).exists()


def test_a_default_gives_way_to_the_same_port_chosen_for_another_service(tmp_path: Path) -> None:
    chosen = load_settings().jupyter_port
    settings, moved = settle(load_settings(home=tmp_path, minio_port=chosen), select(["minio", "jupyter"]))
    assert settings.minio_port == chosen
    assert settings.jupyter_port != chosen
    assert any(sentence.startswith(f"jupyter: port {chosen} is taken") for sentence in moved)


def test_a_build_of_minio_that_fails_names_the_other_ways_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("GOPROXY", "off")
    settings = load_settings(home=tmp_path / "home", cache=tmp_path / "cache", minio_binary=None)
    sentence = r"^minio: building it with .* failed \(.*\)\. Check the network and repeat, put a minio program on PATH, or set SHOPLAKE_MINIO_BINARY to one\.$"
    with pytest.raises(DownloadError, match=sentence):
        minio.prepare(settings, silent)
    assert [path.name for path in settings.cache.iterdir()] == ["minio.lock"]
