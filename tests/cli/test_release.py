import json

import pytest

from shoplake.core.settings import Settings
from spark_jobs.tables import discover
from tests.cli.test_build import shoplake
from tests.spark_jobs.fixtures import Traded

pytestmark = pytest.mark.integration


def test_releases_are_listed_shown_and_rolled_back(traded: Traded) -> None:
    listed = json.loads(shoplake(traded.settings, "release", "list", "--json").stdout)
    assert [(row["release"], row["state"]) for row in listed["releases"]] == [(1, "current")]
    shown = json.loads(shoplake(traded.settings, "release", "show", "1", "--json").stdout)
    assert {row["table"] for row in shown["tables"]} == set(discover().selected(traded.settings).by_name)
    assert all(check["passed"] for check in shown["checks"])
    restored = shoplake(traded.settings, "release", "rollback", "1")
    assert restored.returncode == 0, restored.stderr
    assert "Every table is as in release 1." in restored.stdout
    diff = json.loads(shoplake(traded.settings, "release", "diff", "1", "--json").stdout)
    assert (diff["diff"]["from_release"], diff["diff"]["to_release"], diff["tables"]) == (1, 2, [])
    assert next(row for row in diff["kpis"] if row["kpi"] == "net_revenue") == {
        "kpi": "net_revenue",
        "before": "300.00",
        "after": "300.00",
        "difference": "0.00",
    }
    assert shoplake(traded.settings, "release", "diff", "1").stdout.endswith("Every table is the same in both.\n")
    assert "release  published at" in shoplake(traded.settings, "release", "list").stdout


def test_an_unknown_release_is_one_sentence(fresh: Settings) -> None:
    result = shoplake(fresh, "release", "show", "7")
    assert result.returncode == 43
    assert result.stderr == "release: there is no release 7. There is none yet: run `shoplake build`.\n"


def test_no_release_yet_is_said(fresh: Settings) -> None:
    assert shoplake(fresh, "release", "list").stdout == "There is no release yet. Run `shoplake build`.\n"
