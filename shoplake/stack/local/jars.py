"""Spark's additional libraries: fetched once into the cache, and checked at each start."""

import hashlib
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from shoplake.core.errors import DownloadError
from shoplake.core.progress import Progress
from shoplake.core.settings import Settings
from shoplake.core.spark import JARS, Jar
from shoplake.stack.local.cache import filling
from shoplake.stack.secrets import write_private


def ensure_jars(settings: Settings, spark_submit: Path, environment: Mapping[str, str], progress: Progress) -> None:
    """Have every pinned jar in ``<cache>/jars`` with the content that is pinned.

    Raises DownloadError when one cannot be fetched or has the wrong SHA-256; a
    wrong one is removed, so that the next start fetches it anew.
    """
    folder = settings.cache / "jars"
    with filling(settings, "jars"):
        missing = [jar for jar in JARS if not (folder / jar.file_name).exists()]
        if missing:
            _fetch(settings, missing, spark_submit, environment, progress)
    for jar in JARS:
        check(folder / jar.file_name, jar)


def check(path: Path, jar: Jar) -> None:
    """Raise DownloadError, and remove the file, when it is not what was pinned."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        path.unlink()
        raise DownloadError(
            f"spark: {path} has SHA-256 {found}, expected {jar.sha256}; it was removed. Repeat the command to fetch it anew."
        )


def _fetch(settings: Settings, jars: Sequence[Jar], spark_submit: Path, environment: Mapping[str, str], progress: Progress) -> None:
    progress("fetching Spark's libraries (first time only)", 0, len(jars))
    ivy = settings.cache / "ivy"
    shutil.rmtree(ivy, ignore_errors=True)
    ivy.mkdir(parents=True)
    nothing = ivy / "nothing.py"
    write_private(nothing, "")
    try:
        fetched = subprocess.run(
            [
                str(spark_submit), "--packages", ",".join(jar.coordinates for jar in jars), "--conf", f"spark.jars.ivy={ivy}",
                "--conf", "spark.ui.enabled=false", "--master", "local[1]", str(nothing),
            ],
            env=dict(environment), cwd=ivy, capture_output=True, text=True, check=False,
        )  # fmt: skip
        folder = settings.cache / "jars"
        folder.mkdir(parents=True, exist_ok=True)
        for done, jar in enumerate(jars, start=1):
            source = ivy / "jars" / jar.file_name
            if not source.exists():
                raise DownloadError(f"spark: {jar.coordinates} could not be fetched ({_reason(fetched)}). Check the network, then repeat.")
            check(source, jar)
            source.replace(folder / jar.file_name)
            progress("fetching Spark's libraries (first time only)", done, len(jars))
    finally:
        shutil.rmtree(ivy, ignore_errors=True)


def _reason(fetched: "subprocess.CompletedProcess[str]") -> str:
    lines = [line.strip() for line in fetched.stderr.splitlines()]
    told = [line for line in lines if "unresolved dependency" in line.lower() or "not found" in line.lower() or "error" in line.lower()]
    return (told or lines or [f"exit code {fetched.returncode}"])[0][:200]
