"""Scores a release of the lake, or anyone's own table in it, against the ground truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError, ValidationError

from iceberg.catalog import prepare_lake
from iceberg.failures import service_failures
from iceberg.releases import latest_release, show_release
from iceberg.runs import catalog_database
from scoring.feed import FeedGrade, grade_feed
from scoring.fraud import FraudGrade, flagged_orders, grade_frauds
from scoring.promotions import Campaign, LiftGrade, grade_lift
from scoring.truth import read_truth
from shoplake.core.errors import ReleaseError, TableError
from shoplake.core.settings import Settings

FRAUD_TABLE = "gold.mart_fraud_signals"
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Scores:
    """What was graded, of which release.

    Attributes:
        release_id: The release.
        fraud_table: The table whose flags were graded.
        frauds: Grades by kind of fraud, all of them last.
        feed: Grade of the feed's problems; None when somebody's own table was graded.
        lifts: Grades by voucher campaign, all of them last; empty likewise.
    """

    release_id: int
    fraud_table: str
    frauds: list[FraudGrade]
    feed: FeedGrade | None = None
    lifts: list[LiftGrade] = field(default_factory=list)


@dataclass(frozen=True)
class _Lake:
    """The tables of one release, and beside them what else the catalog has."""

    catalog: SqlCatalog
    release_id: int
    snapshots: dict[str, int]

    def read(self, name: str, columns: Sequence[str] = ("*",)) -> pa.Table:
        """The rows of a table as the release has it, or now where no release has it. Raises TableError when there is none."""
        if name not in self.snapshots and name.startswith(("silver.", "gold.")):
            raise TableError(
                f"score: release {self.release_id} does not hold {name}. Run `shoplake build --table {name}`, or choose another release."
            )
        try:
            table = self.catalog.load_table(name)
        except (NoSuchTableError, ValidationError, ValueError) as problem:
            raise TableError(
                f"score: there is no table {name} in the lake. Give --table as namespace.table, such as my.fraud."
            ) from problem
        return table.scan(selected_fields=tuple(columns), snapshot_id=self.snapshots.get(name)).to_arrow()


@service_failures("score", refused=TableError)
def score(settings: Settings, table: str | None = None, release_id: int | None = None, threshold: float = DEFAULT_THRESHOLD) -> Scores:
    """Grade a release, by default the current one; or the frauds alone by ``table``, anyone's own.

    ``threshold`` is from which ``score`` on an order of such a table counts as
    fraud. What the shop did since the release does not count. Raises ReleaseError
    for an unknown release, TableError for an unusable table, ShopError where
    there is no ground truth, ServiceError when something does not answer.
    """
    lake = _open(settings, release_id)
    truth = read_truth(settings)
    orders = lake.read("silver.orders", ("order_id", "customer_id", "ordered_at"))
    name = table or FRAUD_TABLE
    flagged = flagged_orders(lake.read(name), name, threshold)
    frauds = grade_frauds(flagged, _numbers(orders, "order_id"), truth.frauds)
    if table is not None:
        return Scores(lake.release_id, name, frauds)
    problems: dict[int, set[str]] = {}
    for row in lake.read("gold.feed_problems", ("feed_id", "problem")).to_pylist():
        problems.setdefault(row["feed_id"], set()).add(row["problem"])
    messages = _numbers(lake.read("silver.marketplace_messages", ("feed_id",)), "feed_id")
    campaigns = lake.read("gold.mart_promotion_lift", ("promotion_id", "starts_at", "ends_at", "lift", "treated_order_count")).to_pylist()
    estimated = [Campaign(**{**row, "lift": float(row["lift"]) if row["lift"] is not None else None}) for row in campaigns]
    in_order = sorted(estimated, key=lambda campaign: campaign.starts_at)
    contacts = lake.read("silver.campaign_contacts", ("promotion_id", "customer_id", "is_held_out"))
    lifts = grade_lift(in_order, contacts, orders, truth.brought, truth.frauds)
    return Scores(lake.release_id, name, frauds, grade_feed(problems, messages, truth.dirt), lifts)


def _open(settings: Settings, release_id: int | None) -> _Lake:
    catalog = prepare_lake(settings)
    if release_id is None:
        with catalog_database(settings.catalog_dsn) as connection:
            release, tables = latest_release(connection)
        if release is None:
            raise ReleaseError("score: there is no release yet. Run `shoplake build` first.")
        return _Lake(catalog, release.release_id, {name: table.snapshot_id for name, table in tables.items()})
    shown = show_release(settings, release_id)
    if shown.release.is_expired:
        raise ReleaseError(f"score: release {release_id} is expired, its snapshots are no longer kept. Choose a newer one.")
    return _Lake(catalog, release_id, {table.table_name: table.snapshot_id for table in shown.tables})


def _numbers(rows: pa.Table, column: str) -> set[int]:
    return {int(value) for value in rows[column].to_pylist() if value is not None}
