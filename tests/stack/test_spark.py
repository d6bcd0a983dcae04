import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from shoplake.core.settings import Settings

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
