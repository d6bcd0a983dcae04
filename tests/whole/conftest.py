"""The whole stack, brought up once by the demo itself, as a newcomer would."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shoplake.core.settings import Settings, load_settings
from shoplake.stack.private import private_settings, temporary_home


@dataclass(frozen=True)
class Demonstrated:
    """What `shoplake demo --json` printed, and the settings of the stack that it left running."""

    settings: Settings
    printed: dict[str, Any]

    def column(self, table: str, key: str, value: str) -> dict[str, Any]:
        """Two columns of a printed table as a dictionary."""
        return {row[key]: row[value] for row in self.printed[table]}


def run_cli(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `shoplake` as its users do, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "AWS_", "PYICEBERG_", "SPARK_"))}
    return subprocess.run(
        [str(Path(sys.executable).parent / "shoplake"), *arguments],
        env=environment | settings.environment(), capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip


@pytest.fixture(scope="session")
def demonstrated() -> Iterator[Demonstrated]:
    """A stack in a temporary folder after one demo."""
    with temporary_home() as home:
        # Scheduled once a year: the tests say when the pipeline runs.
        settings = private_settings(home, pipeline_schedule="0 0 1 1 *")
        ended = run_cli(settings, "demo", "--json")
        assert ended.returncode == 0, ended.stderr
        yield Demonstrated(settings.changed(secrets=load_settings(home=home).secrets), json.loads(ended.stdout))


@pytest.fixture(scope="session")
def stack(demonstrated: Demonstrated) -> Settings:
    """The settings of that stack."""
    return demonstrated.settings
