import json

import pytest

from tests.cli.test_build import shoplake
from tests.spark_jobs.fixtures import Traded

pytestmark = [pytest.mark.integration, pytest.mark.long]

QUESTION = "select order_date, channel_code, net_revenue, null as nothing from gold.daily_sales order by all limit 2"


def test_an_answer_comes_as_text_json_and_csv(traded: Traded) -> None:
    text = shoplake(traded.settings, "sql", QUESTION)
    assert text.returncode == 0, text.stderr
    assert [line.split() for line in text.stdout.splitlines()] == [
        ["order", "date", "channel", "code", "net", "revenue", "nothing"],
        ["2026-01-05", "shopee", "100.00", "-"],
        ["2026-01-06", "shopee", "100.00", "-"],
    ]
    document = json.loads(shoplake(traded.settings, "sql", QUESTION, "--json", "--release", "1").stdout)
    assert document["asked"] == {"release": 1, "row_count": 2}
    assert document["rows"][0] == {"order_date": "2026-01-05", "channel_code": "shopee", "net_revenue": "100.00", "nothing": None}
    assert shoplake(traded.settings, "sql", QUESTION, "--csv").stdout == (
        "order_date,channel_code,net_revenue,nothing\n2026-01-05,shopee,100.00,\n2026-01-06,shopee,100.00,\n"
    )


MISTAKES = (
    (("select * form gold.daily_sales",), 44, 'sql: syntax error at or near "gold" (line 1, column 15).\n'),
    (("select * from gold.daily_sale",), 40, "lake: release 1 has no table gold.daily_sale. Did you mean gold.daily_sales"),
    (
        ("select * from gold.customer_summary",),
        40,
        "lake: release 1 does not hold gold.customer_summary. `shoplake build --table gold.customer_summary` makes it,",
    ),
    (("drop table gold.daily_sales",), 44, "sql: that is not one select. The lake is only read here"),
    (("select 1", "--release", "9"), 43, "release: there is no release 9. Choose one from 1 to 1.\n"),
    (("select 1", "--json", "--csv"), 2, "sql: --csv and --json are two forms of one answer. Give one of them.\n"),
)


def test_a_mistake_is_one_sentence(traded: Traded) -> None:
    for arguments, code, says in MISTAKES:
        result = shoplake(traded.settings, "sql", *arguments)
        assert (result.returncode, result.stdout) == (code, "")
        assert result.stderr.startswith(says)
        assert result.stderr.count("\n") == 1
