"""What one DAG leaves for the next: the assets that both sides name."""

from airflow.sdk import Asset

BRONZE = Asset(name="bronze", uri="shoplake://lake/bronze")
"""Every committed change of the shop. An event says that there is a cut which no release covers yet."""

RELEASE = Asset(name="release", uri="shoplake://lake/release")
"""The published silver and gold tables."""
