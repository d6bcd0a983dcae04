import pytest

from shoplake.core.settings import Settings
from spark_jobs.session import expect_rows, spark_session

pytestmark = pytest.mark.integration

NAMES = ("spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode", "spark.sql.adaptive.enabled", "spark.sql.shuffle.partitions")
FOR_FEW = ["false", "NO_CODEGEN", "false", "1"]


def test_after_few_rows_spark_works_for_many_as_its_server_is_set_up(spark_services: Settings) -> None:
    with spark_session(spark_services) as session:
        as_set_up = [session.conf.get(name) for name in NAMES]
        expect_rows(session, many=False)
        plan = session.range(1000).selectExpr("id % 7 as day").groupBy("day").count()
        assert plan.count() == 7
        for _ in range(2):
            expect_rows(session, many=True)
            assert [session.conf.get(name) for name in NAMES] == as_set_up
            expect_rows(session, many=False)
            assert [session.conf.get(name) for name in NAMES] == FOR_FEW
