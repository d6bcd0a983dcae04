"""The store itself: which files lie under a table's location, and removing some of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shoplake.core.errors import ServiceError, first_line
from shoplake.core.settings import Settings

_MOST_AT_ONCE = 1000


@dataclass(frozen=True)
class StoredFile:
    """A file of the store: its location without the scheme (``bucket/path``), its size, and when it was written."""

    location: str
    byte_count: int
    written_at: datetime


def without_scheme(location: str) -> str:
    """A location as ``bucket/path``, so that s3:// and s3a:// name the same file."""
    return location.partition("://")[2]


class Store:
    """The S3 store of the lake, as its writer."""

    def __init__(self, settings: Settings) -> None:
        access_key, secret_key = settings.s3_write_keys
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.s3_url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=settings.s3_region,
            config=Config(s3={"addressing_style": "path"}),
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def files(self, location: str) -> Iterator[StoredFile]:
        """All files below a folder such as ``s3://lake/warehouse/gold/daily_sales``. Raises ServiceError when the store refuses or stops."""
        bucket, _, prefix = without_scheme(location).partition("/")
        with _sentences():
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/"):
                for found in page.get("Contents", ()):
                    # A name that ends so is a folder's marker of some client.
                    if not found["Key"].endswith("/"):
                        yield StoredFile(f"{bucket}/{found['Key']}", found["Size"], found["LastModified"])

    def remove(self, files: Sequence[StoredFile]) -> None:
        """Remove files; one that is gone already is none the less removed. Raises ServiceError when the store refuses or stops."""
        by_bucket: dict[str, list[str]] = {}
        for file in files:
            bucket, _, key = file.location.partition("/")
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), _MOST_AT_ONCE):
                chosen = [{"Key": key} for key in keys[start : start + _MOST_AT_ONCE]]
                with _sentences():
                    answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": chosen, "Quiet": True})
                if errors := answer.get("Errors"):
                    raise ServiceError(
                        f"maintain: the store did not remove {errors[0].get('Key')} ({errors[0].get('Message')}). "
                        "Let the lake's writer remove files there, then repeat."
                    )


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as problem:
        raise ServiceError(
            f"maintain: the store refused or stopped ({first_line(problem)}). Run `shoplake status`, then repeat; nothing is lost."
        ) from problem
