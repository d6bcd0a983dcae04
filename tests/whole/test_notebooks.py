import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gen_data.generate import backfill
from iceberg.capture.ingest import ingest
from iceberg.releases import rollback
from shoplake.core.settings import PROJECT_FOLDER, Settings
from shoplake.stack.local.jupyter import environment
from shoplake.stack.private import private_stack
from spark_jobs.run import build
from tests.conftest import interpreting_spark

pytestmark = pytest.mark.integration

FOLDER = PROJECT_FOLDER / "notebooks"
FIRST, *OTHERS = sorted(FOLDER.glob("*.ipynb"))
# What these show most of is made of tables that builds make when asked.
ASKING = ("03_customers.ipynb", "04_operations.ipynb")
DRAWING = [FIRST, *(pytest.param(path, marks=pytest.mark.long) for path in OTHERS if path.name not in ASKING)]
TABLES = (
    "gold.daily_sales", "gold.customer_summary", "gold.customer_cohorts", "gold.retention_d7", "gold.churn_calibration",
    "gold.shipping_sla", "gold.fulfilment_times", "gold.stock_today", "gold.daily_stock_movements", "gold.return_rates",
)  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """What a notebook printed, and how many pictures it drew."""

    words: str
    pictures: int


@dataclass(frozen=True)
class Lived:
    """A lake whose shop lived for some days, how many pictures each notebook has of it, and what those that ran have shown."""

    settings: Settings
    days: int
    pictures: dict[str, int]
    shown: dict[str, Shown] = field(default_factory=dict)

    def show(self, name: str, monkeypatch: pytest.MonkeyPatch) -> Shown:
        """What a notebook shows of this lake; it runs once."""
        if name not in self.shown:
            self.shown[name] = show(FOLDER / name, self.settings, monkeypatch)
        return self.shown[name]


def show(path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Run a notebook as the stack's JupyterLab does; a cell that fails fails the test."""
    # These take three seconds to import, which every run of any test would wait for.
    import nbformat
    from nbclient import NotebookClient

    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    # JupyterLab makes it when it starts; some of these stacks have none.
    Path(os.environ["IPYTHONDIR"]).mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs: list[Any] = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    words = "".join(output.text for output in outputs if output.output_type == "stream")
    return Shown(words, sum("image/png" in output.get("data", {}) for output in outputs))


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: path.name)
@pytest.mark.usefixtures("demonstrated")
def test_the_notebook_runs_in_the_surroundings_of_the_stack_s_jupyter_and_draws(
    path: Path, stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert show(path, stack, monkeypatch).pictures


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.usefixtures("demonstrated")
@pytest.mark.long
def test_a_notebook_whose_tables_are_not_built_says_how_to_build_them(name: str, stack: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = show(FOLDER / name, stack, monkeypatch)
    assert "shoplake build --table gold." in shown.words
    assert "Not built yet: gold." in shown.words


@pytest.fixture(
    scope="module",
    params=[
        (2, {"03_customers.ipynb": 1, "04_operations.ipynb": 4, "06_time_travel.ipynb": 1, "07_spark_ui.ipynb": 3}),
        (70, {"03_customers.ipynb": 5, "04_operations.ipynb": 6, "06_time_travel.ipynb": 3, "07_spark_ui.ipynb": 3}),
    ],
    ids=["young", "grown"],
)
def lived(request: pytest.FixtureRequest) -> Iterator[Lived]:
    """A lake of one release, and one that went on for two more days, was rolled back and built forward again."""
    days, pictures = request.param
    with private_stack("postgres", "minio", spark_memory="1500m") as services:
        settings = interpreting_spark(services)
        backfill(settings, days, "normal_day", 100)
        ingest(settings)
        build(settings, tables=TABLES)
        if days > 2:
            backfill(settings, 2)
            ingest(settings)
            build(settings, tables=["gold.daily_sales"])
            rollback(settings, 1)
            build(settings, tables=["gold.daily_sales"])
        yield Lived(settings, days, pictures)


@pytest.mark.parametrize("name", ["03_customers.ipynb", "04_operations.ipynb", "06_time_travel.ipynb", "07_spark_ui.ipynb"])
@pytest.mark.long
def test_the_notebook_shows_what_a_shop_of_that_age_can_show(name: str, lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = lived.show(name, monkeypatch)
    assert shown.pictures == lived.pictures[name], shown.words
    assert "Not built yet" not in shown.words


@pytest.mark.long
def test_the_notebook_of_customers_grades_the_forecasts_whose_days_are_over(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    words = lived.show("03_customers.ipynb", monkeypatch).words
    assert ("at 1 month starts, 2026-02-01 to 2026-02-01" in words) == (lived.days > 2)
    assert ("Brier score" in words) == (lived.days > 2)
    assert ("No month start has its 28 days behind it yet" in words) == (lived.days == 2)


@pytest.mark.long
def test_the_notebook_of_releases_tells_of_the_one_rollback_that_was(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    words = lived.show("06_time_travel.ipynb", monkeypatch).words
    if lived.days > 2:
        assert "before: release 1" in words
        assert "after: release 4" in words
        assert "`shoplake release rollback 1` would publish release 5" in words
        assert "It has happened here: release 3 restored release 1." in words
    else:
        assert "Release 1 is the only state of the shop so far." in words
