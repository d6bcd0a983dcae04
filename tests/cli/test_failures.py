"""How a command ends that cannot go on: one sentence, the exit code that belongs to it, and no traceback."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shoplake.core.settings import LOOPBACK

pytestmark = pytest.mark.integration

SHOPLAKE = str(Path(sys.executable).with_name("shoplake"))
NOBODY = {"SHOPLAKE_CATALOG_URI": "postgresql://u:TOPSECRET@127.0.0.1:9/d", "SHOPLAKE_S3_ACCESS_KEY": "k", "SHOPLAKE_S3_SECRET_KEY": "s"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SHOPLAKE_")} | {"SHOPLAKE_HOME": str(tmp_path)}


def shoplake(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [SHOPLAKE, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("buld", "shoplake: no such command 'buld'. Did you mean 'build'? `shoplake --help` shows what it takes."),
        ("scenario swich x", "shoplake scenario: no such command 'swich'. Did you mean 'switch'? `shoplake scenario --help` shows what it takes."),
        ("generate --dayz 1", "shoplake generate: no such option: --dayz (Possible options: --days). `shoplake generate --help` shows what it takes."),
        ("generate --days", "shoplake generate: option '--days' requires an argument. `shoplake generate --help` shows what it takes."),
        ("scenario switch", "shoplake scenario switch: missing argument 'NAME'. `shoplake scenario switch --help` shows what it takes."),
        ("release show", "shoplake release show: missing argument 'N'. `shoplake release show --help` shows what it takes."),
        ("build x", "shoplake build: got unexpected extra argument(s) (x). `shoplake build --help` shows what it takes."),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_sentence_that_names_the_help_of_the_command(environment: dict[str, str], words: str, sentence: str) -> None:
    ended = shoplake(environment, *words.split())
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"{sentence}\n")


def test_a_value_of_the_wrong_kind_is_named_with_its_option(environment: dict[str, str]) -> None:
    ended = shoplake(environment, "generate", "--days", "many")
    assert ended.returncode == 2
    assert ended.stderr.startswith("shoplake generate: invalid value for '--days': ")
    assert ended.stderr.count("\n") == 1


def test_a_group_without_a_command_shows_its_help(environment: dict[str, str]) -> None:
    ended = shoplake(environment, "scenario")
    assert ended.returncode == 2
    assert ended.stderr.startswith("Usage: shoplake scenario")


def test_removing_data_without_an_answer_removes_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    ended = shoplake(environment, "down", "--delete-data")
    assert ended.returncode == 2
    assert ended.stderr.endswith("nothing was done. Answer it, or give --yes.\n")
    assert (tmp_path / "logs").is_dir()


@pytest.mark.parametrize("words", ["build", "ingest", "release rollback 1"])
def test_a_database_that_is_not_there_is_one_sentence_without_its_password(environment: dict[str, str], words: str) -> None:
    ended = shoplake(environment | NOBODY | {"SHOPLAKE_SOURCE_URL": NOBODY["SHOPLAKE_CATALOG_URI"]}, *words.split())
    assert ended.returncode == 14, ended.stderr
    assert "Start it with `shoplake up`, then repeat" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "TOPSECRET" not in ended.stderr


def test_ctrl_c_ends_with_130_and_a_sentence(environment: dict[str, str]) -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        # A database that takes the connection and never answers.
        url = f"postgresql://u@{LOOPBACK}:{silent.getsockname()[1]}/d"
        # What runs in the background of a shell ignores the signal, and so would its children.
        waiting = subprocess.Popen(
            ["env", "--default-signal=INT", SHOPLAKE, "ingest"],
            env=environment | NOBODY | {"SHOPLAKE_CATALOG_URI": url},
            stderr=subprocess.PIPE,
            text=True,
        )
        with silent.accept()[0]:
            waiting.send_signal(signal.SIGINT)
            _, told = waiting.communicate(timeout=30)
    assert (waiting.returncode, told) == (130, "shoplake: interrupted. Repeat the command to go on.\n")


@pytest.mark.parametrize("words", ["scenario list --json", "status"])
def test_a_reader_that_went_away_ends_a_command_quietly(environment: dict[str, str], words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run([SHOPLAKE, *words.split()], env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_the_traceback_is_shown_on_demand(environment: dict[str, str]) -> None:
    ended = shoplake(environment, "scenario", "show", "nope", "--debug")
    assert "Traceback" in ended.stderr
