"""All settings in one frozen object.

A value comes from, first to last: the environment (``SHOPLAKE_<NAME>``), what
the local stack remembered at its first start (``<home>/stack.json``: ports
and random secrets, mode 0600), the default below.
"""

import json
import logging
import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from shoplake.core.errors import SettingsError

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"

SHOP_DATABASE = "shop"
CATALOG_DATABASE = "lake_catalog"
AIRFLOW_DATABASE = "airflow"
# In the shop's database, apart from what is captured: what really happened.
GROUND_TRUTH_SCHEMA = "ground_truth"
CATALOG_NAME = "lake"
BUCKET = "lake"

# The roles of the local PostgreSQL and the store. Each has a random password in stack.json.
POSTGRES_ADMIN = "postgres"
SHOP_OWNER = "shop_owner"
SHOP_CAPTURE = "shop_capture"
SHOP_SCORING = "shop_scoring"
LAKE_WRITER = "lake_writer"
ANALYST = "analyst"
AIRFLOW_ROLE = "airflow"

# What a small machine keeps up to date every few minutes: who bought what, and what was sold.
SALES_TABLES = (
    "gold.daily_sales", "gold.hourly_sales", "gold.sales_by_channel",
    "silver.customers", "silver.customer_addresses", "silver.customer_history", "silver.order_status_history", "silver.product_prices",
)  # fmt: skip


def default_home() -> Path:
    """The folder of everything the local stack writes: SHOPLAKE_HOME, or .shoplake beside the project."""
    return Path(os.environ.get("SHOPLAKE_HOME") or PROJECT_FOLDER / ".shoplake").expanduser().absolute()


class _StackFile(PydanticBaseSettingsSource):
    """Values that the local stack remembered in ``<home>/stack.json``."""

    def __init__(self, settings_cls: type[BaseSettings], home: Path) -> None:
        super().__init__(settings_cls)
        self._home = home

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        path = self._home / "stack.json"
        try:
            text = path.read_text()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as problem:
            raise SettingsError(f"settings: {path} cannot be read ({problem.strerror}). Give your user access to it.") from problem
        try:
            remembered: dict[str, Any] = json.loads(text)
        except ValueError as problem:
            raise SettingsError(f"settings: {path} is not JSON ({problem}). Restore it, or remove the folder to start anew.") from problem
        return {**remembered.get("ports", {}), "secrets": remembered.get("secrets", {})}


class Settings(BaseSettings):
    """Where everything is and how it behaves. Build it with :func:`load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix="SHOPLAKE_", frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    home: Path = Field(default_factory=default_home, description="folder of everything the local stack writes")
    cache: Path = Field(
        default_factory=lambda: Path(os.environ.get("SHOPLAKE_CACHE") or default_home() / "cache").expanduser().absolute(),
        description="folder of what can be downloaded or built again: the MinIO binary and the jars",
    )
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    log_level: str = Field(default="WARNING", validation_alias="LOG_LEVEL", description="level of the log on standard error")

    postgres_port: int = Field(default=5435, ge=1, le=65535, description="port of PostgreSQL")
    minio_port: int = Field(default=9000, ge=1, le=65535, description="port of MinIO's S3 API")
    minio_console_port: int = Field(default=9001, ge=1, le=65535, description="port of MinIO's console")
    spark_port: int = Field(default=15002, ge=1, le=65535, description="port of the Spark Connect server")
    spark_ui_port: int = Field(default=4040, ge=1, le=65535, description="port of the Spark UI")
    history_port: int = Field(default=18080, ge=1, le=65535, description="port of the Spark history server")
    airflow_port: int = Field(default=8081, ge=1, le=65535, description="port of Airflow's API server and UI")
    jupyter_port: int = Field(default=8888, ge=1, le=65535, description="port of JupyterLab")

    minio_binary: Path | None = Field(default=None, description="a minio program to use instead of one on PATH or in the cache")
    java_home: Path | None = Field(default=None, description="a Java 17 or 21 to use instead of JAVA_HOME or the one on PATH")
    spark: str | None = Field(
        default=None, description="Spark to use: local[*], spark://..., sc://...; default: the stack's Spark Connect server"
    )
    spark_memory: str = Field(default="2g", pattern=r"^\d+[mg]$", description="heap of the Spark Connect server")

    shop_url: str | None = Field(default=None, repr=False, description="PostgreSQL URL of the shop, as its owner, for the generator")
    source_url: str | None = Field(
        default=None, repr=False, description="PostgreSQL URL that is captured, as a role with REPLICATION and SELECT"
    )
    source_owner_url: str | None = Field(
        default=None, repr=False, description="PostgreSQL URL of the tables' owner, who may create the publication; default: source_url"
    )
    source_schemas: Annotated[tuple[str, ...], NoDecode] = Field(default=("public",), description="schemas that are captured")
    source_exclude: Annotated[tuple[str, ...], NoDecode] = Field(default=(), description="tables, as schema.table, that are not captured")
    source_name: str = Field(
        default="shoplake", pattern=r"^[a-z][a-z0-9_]{0,40}$", description="name of the publication and the slot at the source"
    )

    catalog_uri: str | None = Field(default=None, repr=False, description="SQLAlchemy URI of the Iceberg catalog, as a role that may write")
    s3_endpoint: str | None = Field(default=None, description="URL of the S3 store")
    s3_region: str = Field(default="us-east-1", description="region of the S3 store")
    s3_access_key: str | None = Field(default=None, repr=False, description="access key of an identity that may write")
    s3_secret_key: str | None = Field(default=None, repr=False, description="secret of that key")
    tables: Annotated[tuple[str, ...], NoDecode] = Field(
        default=SALES_TABLES,
        description="tables that builds bring up to date, with what they depend on; names, or patterns such as gold.* or *",
    )
    warehouse: str = Field(default=f"s3://{BUCKET}/warehouse", pattern=r"^s3://", description="where the tables' files live")

    time_zone: str = Field(default="Asia/Ho_Chi_Minh", description="the shop's time zone: it decides where a day begins")
    currency: str = Field(default="VND", pattern=r"^[A-Z]{3}$", description="the shop's currency, ISO 4217")
    locale: str = Field(default="vi_VN", description="locale of names and addresses")
    live_orders_per_day: int = Field(default=2000, ge=1, description="orders a day of a new shop")
    live_speed: float = Field(default=1.0, gt=0, description="how much faster than the wall clock the live shop runs")
    pipeline_schedule: str = Field(
        default="*/5 * * * *", validation_alias="DATA_PIPELINE_SCHEDULE", description="cron schedule of the ingestion DAG"
    )
    maintenance_schedule: str = Field(default="0 3 * * *", description="cron schedule of the maintenance DAG")
    orphan_age_hours: int = Field(
        default=24,
        ge=4,
        description="how old a file that no table refers to must be until maintenance removes it; a writer may still be at it",
    )

    @field_validator("home", "cache", "minio_binary", "java_home")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path is not None else None

    @field_validator("source_schemas", "source_exclude", "tables", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given

    @field_validator("shop_url", "source_url", "source_owner_url", "catalog_uri")
    @classmethod
    def _libpq(cls, url: str | None) -> str | None:
        """The URL as libpq takes it, without the driver that SQLAlchemy's form names."""
        if url is None:
            return None
        scheme, separator, rest = url.partition("://")
        if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
            raise ValueError("it must begin with postgresql://")
        return f"postgresql://{rest}"

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in logging.getLevelNamesMapping():
            raise ValueError(f"choose one of {', '.join(logging.getLevelNamesMapping())}")
        return level.upper()

    @field_validator("pipeline_schedule", "maintenance_schedule")
    @classmethod
    def _cron(cls, schedule: str) -> str:
        # Airflow reads it with the same library; a DAG that it cannot read would only be missing.
        from croniter import croniter  # type: ignore[import-untyped]

        try:
            croniter(schedule).get_next(float)
        except ValueError as problem:
            raise ValueError("give a cron schedule, such as */5 * * * *") from problem
        return schedule

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before what the stack remembered before defaults."""
        given = init_settings.init_kwargs if isinstance(init_settings, InitSettingsSource) else {}
        return init_settings, env_settings, _StackFile(settings_cls, Path(given.get("home") or default_home()))

    def secret(self, name: str) -> str:
        """The random secret ``name`` of the local stack.

        Raises SettingsError when the stack was never started and so has made none.
        """
        try:
            return self.secrets[name]
        except KeyError:
            raise SettingsError(
                f"settings: no secret {name} in {self.home / 'stack.json'}. Start the stack once with `shoplake up`, or set the URL."
            ) from None

    def postgres_url(self, role: str, database: str) -> str:
        """URL of a database of the local PostgreSQL as ``role``; psycopg and psql take it as it is."""
        return f"postgresql://{role}:{quote(self.secret(role), safe='')}@{LOOPBACK}:{self.postgres_port}/{database}"

    @cached_property
    def shop_dsn(self) -> str:
        """PostgreSQL URL of the shop as its owner: the generator's identity."""
        return self.shop_url or self.postgres_url(SHOP_OWNER, SHOP_DATABASE)

    @cached_property
    def source_dsn(self) -> str:
        """PostgreSQL URL of the captured database: may replicate and read, nothing else."""
        return self.source_url or self.postgres_url(SHOP_CAPTURE, SHOP_DATABASE)

    @cached_property
    def source_owner_dsn(self) -> str:
        """PostgreSQL URL for the one thing that only an owner may do: the publication."""
        if self.source_owner_url:
            return self.source_owner_url
        return self.source_url or self.postgres_url(SHOP_OWNER, SHOP_DATABASE)

    @cached_property
    def scoring_dsn(self) -> str:
        """PostgreSQL URL of the shop as the one who reads the ground truth, and nothing else; of a shop elsewhere only its owner does."""
        location = urlsplit(self.shop_dsn)
        if location.hostname != LOOPBACK or location.port != self.postgres_port:
            return self.shop_dsn
        return self.postgres_url(SHOP_SCORING, location.path.lstrip("/"))

    @cached_property
    def catalog_dsn(self) -> str:
        """PostgreSQL URL of the catalog's database, as the lake's writer."""
        if self.catalog_uri:
            return self.catalog_uri
        return self.postgres_url(LAKE_WRITER, CATALOG_DATABASE)

    @cached_property
    def reader_catalog_dsn(self) -> str:
        """PostgreSQL URL of the catalog's database, as the analyst, who reads only."""
        if self.catalog_uri:
            location = urlsplit(self.catalog_dsn)
            if location.hostname != LOOPBACK or location.port != self.postgres_port:
                return self.catalog_dsn
            return self.postgres_url(ANALYST, location.path.lstrip("/"))
        return self.postgres_url(ANALYST, CATALOG_DATABASE)

    @cached_property
    def s3_url(self) -> str:
        """URL of the S3 endpoint."""
        return self.s3_endpoint or f"http://{LOOPBACK}:{self.minio_port}"

    @cached_property
    def s3_write_keys(self) -> tuple[str, str]:
        """Access key and secret of the lake's writer."""
        if self.s3_access_key and self.s3_secret_key:
            return self.s3_access_key, self.s3_secret_key
        return LAKE_WRITER, self.secret("s3_lake_writer")

    @cached_property
    def s3_read_keys(self) -> tuple[str, str]:
        """Access key and secret of the analyst, who reads only; of a store elsewhere the project holds one identity."""
        if self.s3_endpoint and self.s3_access_key and self.s3_secret_key:
            return self.s3_write_keys
        return ANALYST, self.secret("s3_analyst")

    @cached_property
    def spark_remote(self) -> str:
        """What a Spark session connects to (see :data:`spark`); it may carry a token.

        The host is spelled localhost because pyspark sends a token without TLS to that name alone.
        """
        return self.spark or f"sc://localhost:{self.spark_port}/;token={self.secret('spark_token')}"

    def changed(self, **overrides: object) -> "Settings":
        """These settings with other values for some fields; nothing is read anew.

        Raises SettingsError naming the setting that cannot be used.
        """
        fields = type(self).model_fields
        return load_settings(
            **{
                str(fields[name].validation_alias or name): value
                for name, value in ({name: getattr(self, name) for name in fields} | overrides).items()
            }
        )

    def environment(self) -> dict[str, str]:
        """Environment variables from which :func:`load_settings` in another process makes these settings, passwords of URLs included.

        The secrets of the local stack stay in ``<home>/stack.json``.
        """
        variables = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name == "secrets":
                continue
            # An empty variable counts as none: what this process does not set, its child must not inherit from elsewhere.
            text = "" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)
            variables[str(field.validation_alias or _variable(name))] = text
        return variables


def load_settings(**overrides: object) -> Settings:
    """Read the settings now. ``overrides`` win over all else (tests use them).

    Raises SettingsError naming the setting that cannot be used.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as problem:
        first = problem.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        shown = "" if name in {"secrets"} or name.endswith(("url", "uri", "key")) else f" (given: {first.get('input')!r})"
        field = Settings.model_fields.get(name)
        variable = str(field.validation_alias) if field is not None and field.validation_alias else _variable(name)
        words = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"settings: {variable} is not usable{shown}: {words}. Correct the environment variable.") from problem


def _variable(name: str) -> str:
    return name if name.isupper() else f"SHOPLAKE_{name.upper()}"
