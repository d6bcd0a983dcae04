import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shoplake.core.errors import SettingsError
from shoplake.core.settings import PROJECT_FOLDER, Settings
from shoplake.stack.services import SERVICES, select

pytestmark = pytest.mark.unit

COMPOSE_FILE = PROJECT_FOLDER / "docker-compose.yaml"


@pytest.fixture
def compose() -> dict:
    return yaml.safe_load(COMPOSE_FILE.read_text())


def test_naming_a_service_selects_what_it_depends_on_in_starting_order() -> None:
    assert [service.name for service in select(["spark"])] == ["postgres", "minio", "spark"]


def test_no_names_select_everything() -> None:
    assert select([]) == list(SERVICES)


def test_an_unknown_service_is_named_with_those_that_there_are() -> None:
    with pytest.raises(SettingsError, match=r"no service kafka\. Choose from postgres, minio"):
        select(["kafka"])


def test_every_service_stands_after_those_it_depends_on() -> None:
    names = [service.name for service in SERVICES]
    for service in SERVICES:
        assert all(names.index(needed) < names.index(service.name) for needed in service.depends_on)


def test_every_port_is_a_setting_and_no_two_defaults_are_equal() -> None:
    numbers = [Settings.model_fields[port].default for service in SERVICES for port in service.ports]
    assert len(numbers) == len(set(numbers)) == sum(name.endswith("_port") for name in Settings.model_fields)


def test_the_whole_fits_eight_gigabytes_beside_what_containers_may_take() -> None:
    # Bounds are generous and not reached together; what is really held is measured in tests/whole/test_processes.py.
    assert sum(service.memory_mb for service in SERVICES) <= 12 * 1024


def test_the_compose_file_passes_its_schema() -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [str(program), "--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_the_compose_file_runs_the_declared_services_with_their_memory_order_and_health(compose: dict) -> None:
    contained = [service for service in SERVICES if service.has_container]
    assert list(compose["services"]) == [service.name for service in contained]
    for service in contained:
        said = compose["services"][service.name]
        assert said["restart"] == "unless-stopped"
        assert said["command"] == [service.name]
        assert said["mem_limit"] == f"{service.memory_mb}m"
        assert said["stop_grace_period"] == f"{service.stop_seconds}s"
        assert said.get("depends_on", {}) == {needed: {"condition": "service_healthy"} for needed in service.depends_on}
        assert said["healthcheck"]["test"] == ["CMD", "python", "-m", "shoplake.stack.docker", "health", service.name]


def test_the_compose_file_has_the_declared_ports_and_publishes_none_by_itself(compose: dict) -> None:
    expected = {
        f"SHOPLAKE_{port.upper()}": f"${{SHOPLAKE_{port.upper()}:-{Settings.model_fields[port].default}}}"
        for service in SERVICES
        for port in service.ports
    }
    for said in compose["services"].values():
        # The host's network: each service binds to 127.0.0.1, as tests/whole/test_processes.py shows.
        assert said["network_mode"] == "host"
        assert "ports" not in said
        assert {name: value for name, value in said["environment"].items() if name.endswith("_PORT")} == expected


def test_the_compose_file_holds_no_password(compose: dict) -> None:
    for said in compose["services"].values():
        assert not [name for name in said["environment"] if any(word in name.lower() for word in ("password", "secret", "token", "key"))]


def test_the_example_of_env_lists_every_setting_with_its_default() -> None:
    lines = (PROJECT_FOLDER / ".env.example").read_text().splitlines()
    said = dict(line.removeprefix("# ").split("=", 1) for line in lines if line.startswith("# ") and line[2:].split("=")[0].isupper())
    expected = {str(field.validation_alias or f"SHOPLAKE_{name.upper()}"): field for name, field in Settings.model_fields.items()}
    del expected["SHOPLAKE_SECRETS"]
    assert list(said) == list(expected)
    for variable, field in expected.items():
        if not field.default_factory and isinstance(field.default, str | int | float):
            assert said[variable].strip("'") == str(field.default), variable
