import json
import stat
from pathlib import Path

import pytest

from shoplake.core.errors import SettingsError
from shoplake.stack.secrets import MAKERS, remember, remembered, stack_file, write_private

pytestmark = pytest.mark.unit


def test_only_the_owner_can_read_what_is_remembered(tmp_path: Path) -> None:
    remember(tmp_path, {"postgres_port": 5435}, {})
    assert stat.S_IMODE(stack_file(tmp_path).stat().st_mode) == 0o600


def test_secrets_are_random_and_stay_the_same(tmp_path: Path) -> None:
    first = remember(tmp_path / "one", {}, {})
    assert remember(tmp_path / "one", {}, remembered(tmp_path / "one")[1]) == first
    other = remember(tmp_path / "two", {}, {})
    assert not set(first.values()) & set(other.values())
    assert len(set(first.values())) == len(MAKERS)


def test_a_secret_that_a_newer_version_needs_is_added_to_an_older_file(tmp_path: Path) -> None:
    old = remember(tmp_path, {}, {})
    del old["jupyter_token"]
    new = remember(tmp_path, {}, old)
    assert {name: value for name, value in new.items() if name != "jupyter_token"} == old
    assert new["jupyter_token"]


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    stack_file(tmp_path).write_text("{")
    with pytest.raises(SettingsError, match="is not JSON"):
        remembered(tmp_path)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, json.dumps("old"))
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "\ud800")
    assert path.read_text() == '"old"'
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
