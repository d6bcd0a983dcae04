import json
from pathlib import Path

import pytest

from shoplake.core.settings import Settings
from spark_jobs.tables import discover
from tests.cli.test_build import shoplake
from tests.spark_jobs.fixtures import Traded

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_the_pages_of_a_release_are_written_where_they_are_wanted(traded: Traded, tmp_path: Path) -> None:
    ended = shoplake(traded.settings, "docs", "build", "--out", str(tmp_path / "site"), "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    document = json.loads(ended.stdout)
    assert document["docs"] == {
        "folder": str(tmp_path / "site"),
        "file_count": len(discover().by_name) + 5,
        "table_count": len(discover().by_name),
        "release": 1,
        "no_release_because": None,
    }
    assert {Path(row["path"]) for row in document["files"]} == {*(tmp_path / "site").iterdir()}
    assert "In release 1" in (tmp_path / "site" / "gold.daily_sales.html").read_text()


def test_without_a_release_the_pages_say_what_the_code_declares(fresh: Settings, tmp_path: Path) -> None:
    ended = shoplake(fresh, "docs", "build", "--out", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == (
        "docs: the pages say only what the code declares, since there is no lake to read. release: there is none yet. Run `shoplake build`.\n"
    )
    assert "In release" not in (tmp_path / "gold.daily_sales.html").read_text()


def test_what_cannot_be_read_or_written_is_one_sentence(fresh: Settings, tmp_path: Path) -> None:
    wanted = shoplake(fresh, "docs", "build", "--out", str(tmp_path), "--release", "9")
    assert (wanted.returncode, wanted.stderr) == (43, "release: there is no release 9. There is none yet: run `shoplake build`.\n")
    (tmp_path / "file").write_text("in the way")
    in_the_way = shoplake(fresh, "docs", "build", "--out", str(tmp_path / "file"))
    assert in_the_way.returncode == 12
    assert in_the_way.stderr.splitlines()[-1].endswith("Choose another --out.")
