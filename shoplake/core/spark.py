"""What every Spark of the project is given: versions, jars and the catalog's configuration."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shoplake.core.settings import CATALOG_NAME, Settings


@dataclass(frozen=True)
class Jar:
    """A library for Spark, by its Maven coordinates, with the SHA-256 that its file must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinates(self) -> str:
        """``group:artifact:version``."""
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        """The file's name as Ivy writes it."""
        return f"{self.group}_{self.artifact}-{self.version}.jar"


JARS = (
    Jar(
        "org.apache.iceberg", "iceberg-spark-runtime-4.1_2.13", "1.12.0", "3123c3798af642dd537230923548e013ef41cc28b6626e5225808cf5670a0f82"
    ),
    Jar("org.apache.iceberg", "iceberg-aws-bundle", "1.12.0", "dd7e49ffa4ac9b215bed846581991259e3aec9bb2fa08d6cec029c46cd66d957"),
    Jar("org.postgresql", "postgresql", "42.7.14", "73914527305a40cce504b0d3d90b23caf565136912d607ae8ae7c5895512332c"),
)


def jar_paths(settings: Settings) -> list[Path]:
    """Where the pinned jars lie once they were fetched."""
    return [settings.cache / "jars" / jar.file_name for jar in JARS]


def catalog_properties(settings: Settings, reader: bool = False) -> dict[str, str]:
    """Spark properties that make the lake's catalog known: as the writer, or as the analyst, who reads only.

    They hold secrets: hand them over in a file of mode 0600 or through a
    session's configuration, never on a command line.
    """
    catalog = urlsplit(settings.reader_catalog_dsn if reader else settings.catalog_dsn)
    access_key, secret_key = settings.s3_read_keys if reader else settings.s3_write_keys
    prefix = f"spark.sql.catalog.{CATALOG_NAME}"
    return {
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.type": "jdbc",
        f"{prefix}.uri": f"jdbc:postgresql://{catalog.hostname}:{catalog.port or 5432}{catalog.path}",
        # PyIceberg makes the catalog's tables; a reader could not.
        f"{prefix}.jdbc.init-catalog-tables": "false",
        f"{prefix}.jdbc.schema-version": "V1",
        f"{prefix}.jdbc.user": unquote(catalog.username or ""),
        f"{prefix}.jdbc.password": unquote(catalog.password or ""),
        f"{prefix}.warehouse": settings.warehouse,
        f"{prefix}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{prefix}.s3.endpoint": settings.s3_url,
        f"{prefix}.s3.path-style-access": "true",
        f"{prefix}.s3.access-key-id": access_key,
        f"{prefix}.s3.secret-access-key": secret_key,
        f"{prefix}.client.region": settings.s3_region,
        # A warm Spark would otherwise keep reading what it saw before another engine committed.
        f"{prefix}.cache-enabled": "false",
    }


ENGINE_PROPERTIES = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.defaultCatalog": CATALOG_NAME,
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.adaptive.enabled": "true",
    # These pools start a thread for each request of the last minute, up to a thousand, which a limit on processes ends with the whole JVM.
    "spark.sql.shuffleExchange.maxThreadThreshold": "16",
    "spark.sql.broadcastExchange.maxThreadThreshold": "16",
    "spark.sql.resultQueryStage.maxThreadThreshold": "16",
    # The few rows of a broadcast join, and each sort, take a page at least, and by default that is 32 MB of a heap of 2 GB: three tables with
    # ten joins each fill it. What is left out of 2 MiB is the header of an array, so that G1 puts it into whole regions.
    "spark.buffer.pageSize": str(2 * 1024**2 - 16),
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.redaction.regex": "(?i)secret|password|token|access[.-]?key",
}
