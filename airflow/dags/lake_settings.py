"""The settings of tasks that use Spark."""

from airflow.providers.apache.spark.hooks.spark_connect import SparkConnectHook

from shoplake.core.settings import Settings, load_settings


def settings_with_spark() -> Settings:
    """The settings, with the Spark that Airflow's own connection names."""
    return load_settings(spark=SparkConnectHook(conn_id="spark_lake").get_connection_url())
