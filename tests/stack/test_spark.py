import pytest
import requests
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplake.core.settings import LOOPBACK, Settings
from shoplake.stack.local.ports import answers
from shoplake.stack.local.runner import down, up
from shoplake.stack.private import private_settings, temporary_home

pytestmark = pytest.mark.integration


def test_the_server_takes_clients_with_its_token_and_no_others(spark_services: Settings) -> None:
    session = SparkSession.builder.remote(spark_services.spark_remote).create()
    try:
        assert session.range(10).count() == 10
    finally:
        session.stop()
    address = spark_services.spark_remote.split("/;")[0]
    stranger = SparkSession.builder.remote(address).create()
    try:
        with pytest.raises(PySparkException, match="No authentication token"):
            stranger.range(1).count()
    finally:
        # One that is left open asks for ten minutes at exit whether the server has come back.
        stranger.client.close()


def test_a_few_rows_that_a_join_broadcasts_take_little_of_the_heap(spark_services: Settings) -> None:
    session = SparkSession.builder.remote(spark_services.spark_remote).create()
    try:
        channels = session.createDataFrame([("shopee", 1), ("lazada", 2)], "channel_code string, channel_id int")
        orders = session.range(4).selectExpr("if(id < 3, 'shopee', 'phone') as channel_code")
        assert orders.join(F.broadcast(channels), on="channel_code").count() == 3
    finally:
        session.stop()
    address = f"http://{LOOPBACK}:{spark_services.spark_ui_port}/api/v1/applications"
    application = requests.get(address, timeout=10).json()[0]["id"]
    newest = requests.get(f"{address}/{application}/sql?details=true&length=1000", timeout=10).json()[-1]
    metrics = {
        metric["name"]: metric["value"] for node in newest["nodes"] if node["nodeName"] == "BroadcastExchange" for metric in node["metrics"]
    }
    assert metrics["number of output rows"] == "2"
    assert metrics["data size"] == "2.0 MiB"


@pytest.mark.long
def test_both_servers_start_in_a_folder_with_a_space_in_its_name() -> None:
    with temporary_home() as folder:
        home = folder / "of spaces"
        settings = up(private_settings(home), ["spark", "history"]).settings
        try:
            assert answers(f"http://127.0.0.1:{settings.history_port}/api/v1/applications")
            assert list((home / "spark" / "events").iterdir()) != []
        finally:
            down(settings)
