"""What really happened, read as the role that may read that and nothing else."""

from dataclasses import dataclass

import psycopg

from shoplake.core.errors import ServiceError, ShopError, first_line
from shoplake.core.settings import Settings


@dataclass(frozen=True)
class Truth:
    """The ground truth, as far as anything is graded by it.

    Attributes:
        frauds: Fraudulent orders, each with its kind.
        dirt: Messages of the marketplaces that are not as they should be, each with its kind.
        brought: By voucher campaign, the orders that would not be there without it.
    """

    frauds: dict[int, str]
    dirt: dict[int, str]
    brought: dict[int, set[int]]


def read_truth(settings: Settings) -> Truth:
    """The ground truth of the shop, in one snapshot.

    Raises ShopError when the database has none, as one that Shoplake did not make, ServiceError when it does not answer.
    """
    try:
        with psycopg.connect(settings.scoring_dsn) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            frauds: dict[int, str] = dict(connection.execute("select order_id, kind from ground_truth.fraud_orders").fetchall())
            dirt: dict[int, str] = dict(connection.execute("select feed_id, kind from ground_truth.dirty_rows").fetchall())
            brought: dict[int, set[int]] = {}
            caused = connection.execute("select promotion_id, order_id from ground_truth.caused_orders where promotion_id is not null")
            for promotion_id, order_id in caused:
                brought.setdefault(promotion_id, set()).add(order_id)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as problem:
        raise ShopError(
            "score: the shop's database has no ground truth. Only a shop that `shoplake generate` made can be scored."
        ) from problem
    except psycopg.OperationalError as problem:
        raise ServiceError(
            f"score: the shop's database does not answer ({first_line(problem)}). Start it with `shoplake up`, then repeat."
        ) from problem
    return Truth(frauds, dirt, brought)
