"""What every table of the lake, bronze included, tells the engines that write it."""

EVERY_TABLE = {
    "format-version": "2",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.parquet.compression-codec": "zstd",
    # Each commit leaves a manifest, and whoever plans a read opens all of them: by default Spark merges a hundred, PyIceberg none ever.
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "10",
}
"""Iceberg table properties, as https://iceberg.apache.org/docs/latest/configuration/ names them."""
