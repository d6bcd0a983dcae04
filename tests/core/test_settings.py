import json
import shlex
from pathlib import Path

import pytest

from shoplake.core.errors import SettingsError
from shoplake.core.settings import PROJECT_FOLDER, load_settings
from shoplake.stack.private import private_settings

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOPLAKE_HOME", str(tmp_path))


def test_the_environment_wins_over_what_the_stack_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"ports": {"minio_port": 9100, "spark_port": 9200}, "secrets": {}}))
    monkeypatch.setenv("SHOPLAKE_MINIO_PORT", "9300")
    settings = load_settings()
    assert (settings.minio_port, settings.spark_port) == (9300, 9200)


def test_a_value_that_cannot_be_used_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_MINIO_PORT", "many")
    with pytest.raises(SettingsError, match="SHOPLAKE_MINIO_PORT"):
        load_settings()
    monkeypatch.delenv("SHOPLAKE_MINIO_PORT")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match="LOG_LEVEL"):
        load_settings()


@pytest.mark.parametrize("url", ["mysql://u:TOPSECRET@h/d", "TOPSECRET"])
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_SOURCE_URL", url)
    with pytest.raises(SettingsError, match="SHOPLAKE_SOURCE_URL") as refused:
        load_settings()
    assert "TOPSECRET" not in str(refused.value)
    assert "TOPSECRET" not in str(refused.value.__cause__)


def test_a_driver_in_a_url_is_left_to_sqlalchemy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_CATALOG_URI", "postgresql+psycopg2://u:p@h/d")
    assert load_settings().catalog_dsn == "postgresql://u:p@h/d"


def test_lists_are_separated_by_commas_and_folders_become_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_SOURCE_SCHEMAS", "public, sales")
    monkeypatch.setenv("SHOPLAKE_HOME", "somewhere")
    monkeypatch.setenv("SHOPLAKE_MINIO_BINARY", "")
    settings = load_settings()
    assert settings.source_schemas == ("public", "sales")
    assert settings.home == Path.cwd() / "somewhere"
    assert settings.minio_binary is None


def test_readers_of_a_store_elsewhere_use_the_identity_that_was_given() -> None:
    settings = load_settings(s3_endpoint="https://s3.example.org", s3_access_key="key", s3_secret_key="secret")
    assert settings.s3_read_keys == ("key", "secret")


def test_the_ground_truth_of_a_shop_elsewhere_is_read_by_its_owner() -> None:
    settings = load_settings(shop_url="postgresql://owner:p@db.example.org/app", secrets={"shop_scoring": "s"})
    assert settings.scoring_dsn == "postgresql://owner:p@db.example.org/app"
    assert load_settings(secrets={"shop_owner": "o", "shop_scoring": "s"}).scoring_dsn == "postgresql://shop_scoring:s@127.0.0.1:5435/shop"


def test_a_child_process_gets_the_same_settings_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(source_exclude=("public.a", "public.b"), minio_port=9100)
    monkeypatch.setenv("SHOPLAKE_SOURCE_URL", "postgresql://u:p@elsewhere/d")
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_a_private_stack_never_points_at_what_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_SOURCE_URL", "postgresql://u:p@elsewhere/d")
    monkeypatch.setenv("SHOPLAKE_S3_ENDPOINT", "https://s3.example.org")
    settings = private_settings(tmp_path)
    assert settings.source_url is None
    assert settings.s3_url.startswith("http://127.0.0.1:")


def test_the_example_of_env_can_be_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (PROJECT_FOLDER / ".env.example").read_text().splitlines():
        name, separator, value = line.lstrip("# ").partition("=")
        if separator and name.isupper() and " " not in name:
            # As a shell and docker compose read it.
            monkeypatch.setenv(name, " ".join(shlex.split(value)))
    settings = load_settings()
    assert settings.home.is_absolute()
    assert (settings.source_schemas, settings.source_exclude) == (("public",), ())


@pytest.mark.parametrize("schedule", ["often", "* * * *", "61 * * * *", "0 0 31 2 *"])
def test_a_schedule_that_is_no_cron_is_refused_with_its_variable(schedule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_PIPELINE_SCHEDULE", schedule)
    with pytest.raises(SettingsError, match=r"DATA_PIPELINE_SCHEDULE is not usable \(given: .*\): give a cron schedule, such as"):
        load_settings()
    monkeypatch.setenv("DATA_PIPELINE_SCHEDULE", "@hourly")
    assert load_settings().pipeline_schedule == "@hourly"
