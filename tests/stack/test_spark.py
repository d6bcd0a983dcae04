import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from shoplake.core.settings import Settings
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
