"""The bucket, and the two identities that may use it: one writes, one reads."""

import contextlib
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, MinioException
from urllib3.exceptions import HTTPError

from shoplake.core.errors import ServiceError, StorageError, first_line
from shoplake.core.settings import ANALYST, BUCKET, LAKE_WRITER, LOOPBACK, Settings

_READ = ("s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation")
_WRITE = (
    *_READ,
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "s3:ListBucketMultipartUploads",
)


def bootstrap(settings: Settings) -> None:
    """Make the bucket, the writer's and the analyst's users and what each may do. May be repeated.

    Raises StorageError when the store's disk is full, ServiceError when it refuses or stops.
    """
    try:
        _make_bucket_and_users(settings)
    except (ClientError, BotoCoreError, MinioException, MinioAdminException, HTTPError) as problem:
        if "XMinioStorageFull" in str(problem) or "minimum free drive threshold" in str(problem):
            raise StorageError(
                f"minio: its disk is full ({first_line(problem)}). Free space, or set SHOPLAKE_HOME to a folder on another disk."
            ) from problem
        raise ServiceError(
            f"minio: its bucket and users could not be made ({first_line(problem)}). Put that right in it, then repeat `shoplake up`."
        ) from problem


def _make_bucket_and_users(settings: Settings) -> None:
    root_user, root_password = settings.secret("minio_root_user"), settings.secret("minio_root_password")
    if not _sees_bucket(settings, root_user, root_password):
        with _client(settings, root_user, root_password) as store:
            store.create_bucket(Bucket=BUCKET)
    admin = MinioAdmin(
        endpoint=f"{LOOPBACK}:{settings.minio_port}",
        credentials=StaticProvider(root_user, root_password),
        region=settings.s3_region,
        secure=False,
    )
    for user, actions in ((LAKE_WRITER, _WRITE), (ANALYST, _READ)):
        admin.policy_add(f"shoplake-{user}", policy=_policy(actions))
        password = settings.secret(f"s3_{user}")
        # Adding a user costs a second, because the store's protocol derives a key to send the password under.
        if not _sees_bucket(settings, user, password):
            admin.user_add(user, password)
            admin.policy_set(f"shoplake-{user}", user=user)


def _client(settings: Settings, access_key: str, secret_key: str) -> Any:
    return contextlib.closing(
        boto3.client(
            "s3",
            endpoint_url=f"http://{LOOPBACK}:{settings.minio_port}",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=settings.s3_region,
            config=Config(s3={"addressing_style": "path"}),
        )
    )


def _sees_bucket(settings: Settings, access_key: str, secret_key: str) -> bool:
    with _client(settings, access_key, secret_key) as store:
        try:
            store.head_bucket(Bucket=BUCKET)
        except ClientError:
            return False
    return True


def _policy(actions: tuple[str, ...]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}],
    }
