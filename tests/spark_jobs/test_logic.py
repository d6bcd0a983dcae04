import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import spark_jobs
from spark_jobs import logic
from spark_jobs.tables import discover

pytestmark = pytest.mark.unit

TABLE = """
    from pyiceberg.types import LongType
    from iceberg.table import Column, FullRefresh, Table
    from spark_jobs.some_words import WORDS

    TABLE = Table("one row per word", ("number",), (Column("number", LongType(), "which"),), FullRefresh())

    def transform(bronze_orders):
        return bronze_orders.where(bronze_orders.word.isin(*WORDS))
"""


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the project's modules: a table's, in a package, that takes its constants from one that takes them from another."""
    monkeypatch.setattr(spark_jobs, "__path__", [*spark_jobs.__path__, str(tmp_path)])
    (tmp_path / "some_tables").mkdir()
    (tmp_path / "some_tables/__init__.py").touch()
    (tmp_path / "some_tables/words.py").write_text(textwrap.dedent(TABLE))
    (tmp_path / "some_words.py").write_text("from spark_jobs.other_words import WORDS as WORDS\n")
    (tmp_path / "other_words.py").write_text("WORDS = ('one', 'two')\n")
    yield tmp_path
    _forget()


def _forget() -> None:
    """What a new process does not know."""
    for name in [name for name in sys.modules if name.startswith(("spark_jobs.some_", "spark_jobs.other_"))]:
        del sys.modules[name]
    for known in (logic.logic_of, logic._module_code, logic._is_module):
        known.cache_clear()
    importlib.invalidate_caches()


def _definition() -> str:
    return discover(["spark_jobs.some_tables"])["some_tables.words"].logic


def test_a_process_goes_on_with_the_code_that_it_loaded(lake: Path) -> None:
    before = _definition()
    file = lake / "some_tables/words.py"
    file.write_text(file.read_text().replace("isin(*WORDS)", "isNotNull()"))
    assert _definition() == before, "its transform is the old one still"
    _forget()
    assert _definition() != before


@pytest.mark.parametrize(
    ("old", "new", "is_other"),
    [("'two'", "'two', 'three'", True), ("('one', 'two')", "('one','two')  # of the shop", False)],
    ids=["a constant", "a comment"],
)
def test_a_constant_two_imports_away_is_part_of_a_table_s_code_and_a_comment_is_not(lake: Path, old: str, new: str, is_other: bool) -> None:
    before = _definition()
    file = lake / "other_words.py"
    file.write_text(file.read_text().replace(old, new))
    _forget()
    assert (_definition() != before) == is_other


def test_another_refresh_makes_every_table_anew(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _definition()
    (lake / "some_refresh.py").write_text("HOW = 'otherwise'\n")
    _forget()
    monkeypatch.setattr(logic, "_RUNNER", (*logic._RUNNER, "spark_jobs.some_refresh"))
    assert _definition() != before
    assert {"spark_jobs.refresh", "spark_jobs.changes"} < {*logic._RUNNER}
