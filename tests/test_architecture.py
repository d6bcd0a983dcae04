import subprocess
import sys
from pathlib import Path

import pytest

from shoplake.core.settings import PROJECT_FOLDER

pytestmark = pytest.mark.unit


def test_imports_point_one_way() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    ended = subprocess.run([str(linter), "--no-cache"], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_airflow_s_folder_is_no_package_that_would_hide_airflow() -> None:
    assert list((PROJECT_FOLDER / "airflow").rglob("__init__.py")) == []


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    script = "import sys, shoplake.cli.main; print([name for name in ('pyspark', 'pyiceberg', 'pyarrow', 'numba', 'sqlalchemy', 'airflow') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", script], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
