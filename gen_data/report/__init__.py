"""How real the shop looks: its own figures next to published ones, with their sources, and pictures of them."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gen_data.report.findings import Finding, find
from gen_data.report.observed import observe
from gen_data.shop import connect, existing_identity, explained
from shoplake.core.settings import Settings


@dataclass(frozen=True)
class Report:
    """What a shop looks like at ``now``, its own time, and the files of its pictures."""

    now: datetime
    findings: list[Finding]
    pictures: list[Path]


def report(settings: Settings, folder: Path) -> Report:
    """Measure the shop at ``settings.shop_dsn`` and draw it into a folder.

    Raises ShopError when there is no shop, ServiceError when PostgreSQL does
    not answer, StorageError when the folder cannot be written.
    """
    with explained(), connect(settings.shop_dsn) as connection:
        observed = observe(connection, existing_identity(connection))
    findings = find(observed)
    # Matplotlib takes half a second to import.
    from gen_data.report.pictures import draw

    return Report(observed.now, findings, draw(observed, findings, folder))


__all__ = ["Finding", "Report", "report"]
