from pathlib import Path

import pytest

from shoplake.core.errors import DownloadError, PrerequisiteError
from shoplake.core.settings import load_settings
from shoplake.core.spark import JARS
from shoplake.stack.local import java, minio, postgres
from shoplake.stack.local.jars import check

pytestmark = pytest.mark.unit


def _program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    path.chmod(0o755)
    return path


def test_no_java_says_where_it_was_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(PrerequisiteError, match=r"no Java was found in SHOPLAKE_JAVA_HOME, JAVA_HOME or PATH.*Install Java 17 or 21"):
        java.java_home(load_settings(home=tmp_path))


def test_another_java_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "java", 'openjdk version "11.0.2" 2019-01-15')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(PrerequisiteError, match=r"\(JAVA_HOME\) is Java 11, which Spark does not run on"):
        java.java_home(load_settings(home=tmp_path))


def test_the_setting_wins_over_java_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _program(tmp_path / "old" / "bin" / "java", 'java version "1.8.0_292"')
    _program(tmp_path / "good" / "bin" / "java", 'openjdk version "21.0.1" 2023-10-17')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    assert java.java_home(load_settings(home=tmp_path, java_home=tmp_path / "good")) == tmp_path / "good"


def test_a_folder_without_java_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match=r"SHOPLAKE_JAVA_HOME is .*, and there is no bin/java in it"):
        java.java_home(load_settings(home=tmp_path, java_home=tmp_path))


def test_without_minio_and_without_go_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(minio, "_GO_MINIMUM", (99, 0))
    with pytest.raises(PrerequisiteError, match=r"no minio program was found and there is no Go"):
        minio.check(load_settings(home=tmp_path, cache=tmp_path))


def test_the_wheel_s_go_can_build_minio_where_path_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    minio.check(load_settings(home=tmp_path, cache=tmp_path))


def test_a_minio_setting_that_is_no_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match=r"SHOPLAKE_MINIO_BINARY is .*, which is no program"):
        minio.check(load_settings(home=tmp_path, minio_binary=tmp_path))


def test_root_without_setpriv_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError, match=r"setpriv \(of util-linux\) is missing"):
        postgres.check(load_settings(home=tmp_path))


def test_a_jar_with_a_wrong_sha256_is_removed_and_named_with_both_sums(tmp_path: Path) -> None:
    path = tmp_path / JARS[0].file_name
    path.write_bytes(b"not a jar")
    with pytest.raises(DownloadError, match=f"{JARS[0].file_name} has SHA-256 [0-9a-f]{{64}}, expected {JARS[0].sha256}"):
        check(path, JARS[0])
    assert not path.exists()
