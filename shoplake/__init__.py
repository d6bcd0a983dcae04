"""Shoplake: an e-commerce lakehouse that people run, trust and learn from."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoplake.ask import LakeAtRelease


def lake(release: int | None = None) -> "LakeAtRelease":
    """The lake at one release, the current one by default, to ask with SQL, Arrow, Polars, pandas or Spark.

    Reads with what ``shoplake env`` exported, or with the reader's identity of
    the stack that the settings name. Raises ReleaseError when there is no such release.
    """
    from shoplake.ask import open_lake

    return open_lake(release)
