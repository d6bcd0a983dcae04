"""The bucket, and the two identities that may use it: one writes, one reads."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider

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
    """Make the bucket, the writer's and the analyst's users and what each may do. May be repeated."""
    root_user, root_password = settings.secret("minio_root_user"), settings.secret("minio_root_password")
    store = boto3.client(
        "s3",
        endpoint_url=f"http://{LOOPBACK}:{settings.minio_port}",
        aws_access_key_id=root_user,
        aws_secret_access_key=root_password,
        region_name=settings.s3_region,
        config=Config(s3={"addressing_style": "path"}),
    )
    try:
        store.head_bucket(Bucket=BUCKET)
    except ClientError:
        store.create_bucket(Bucket=BUCKET)
    store.close()
    admin = MinioAdmin(
        endpoint=f"{LOOPBACK}:{settings.minio_port}",
        credentials=StaticProvider(root_user, root_password),
        region=settings.s3_region,
        secure=False,
    )
    for user, actions in ((LAKE_WRITER, _WRITE), (ANALYST, _READ)):
        admin.policy_add(f"shoplake-{user}", policy=_policy(actions))
        admin.user_add(user, settings.secret(f"s3_{user}"))
        admin.policy_set(f"shoplake-{user}", user=user)


def _policy(actions: tuple[str, ...]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}],
    }
