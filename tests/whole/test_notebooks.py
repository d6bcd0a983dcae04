from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from shoplake.core.settings import PROJECT_FOLDER, Settings
from shoplake.stack.local.jupyter import environment

pytestmark = pytest.mark.integration

# Those after the first make shops of their own.
FIRST, *OTHERS = sorted((PROJECT_FOLDER / "notebooks").glob("*.ipynb"))
NOTEBOOKS = [FIRST, *(pytest.param(path, marks=pytest.mark.long) for path in OTHERS)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
@pytest.mark.usefixtures("demonstrated")
def test_the_notebook_runs_in_the_surroundings_of_the_stack_s_jupyter_and_draws(
    path: Path, stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(stack).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert any("image/png" in output.get("data", {}) for output in outputs)
