import json
import re
from pathlib import Path
from typing import Any

import pytest

from shoplake.core.settings import PROJECT_FOLDER
from spark_jobs.tables import discover

pytestmark = pytest.mark.unit

NOTEBOOKS = sorted((PROJECT_FOLDER / "notebooks").glob("*.ipynb"))
README = (PROJECT_FOLDER / "README.md").read_text()


def cells_of(path: Path) -> list[dict[str, Any]]:
    document: dict[str, Any] = json.loads(path.read_text())
    return list(document["cells"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_notebook_is_kept_without_what_it_showed(path: Path) -> None:
    cells = [cell for cell in cells_of(path) if cell["cell_type"] == "code"]
    assert cells
    assert [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_readme_tells_of_the_notebook(path: Path) -> None:
    assert f"`{path.name}`" in README


def test_every_table_that_a_notebook_names_exists() -> None:
    cells = [(path.name, "".join(cell["source"])) for path in NOTEBOOKS for cell in cells_of(path)]
    known = discover().by_name
    named = {(notebook, table) for notebook, text in cells for table in re.findall(r"\b(?:silver|gold)\.[a-z_0-9]+\b", text)}
    assert ("04_operations.ipynb", "gold.shipping_sla") in named
    assert [(notebook, table) for notebook, table in sorted(named) if table not in known] == []
