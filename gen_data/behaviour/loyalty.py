"""Loyalty tiers: by what a customer spent in the last 90 days, reviewed at the beginning of every day."""

from datetime import datetime

import numpy as np
import psycopg

from gen_data.behaviour.money import Currency

_SPENT_DONG = {"silver": 3_000_000.0, "gold": 9_000_000.0, "platinum": 20_000_000.0}


def review_tiers(connection: psycopg.Connection, at: datetime, currency: Currency) -> None:
    """Promote and demote, as of the day's beginning ``at``, those whose window changed: who ordered yesterday, or 90 days before."""
    bounds = currency.price(np.array(list(_SPENT_DONG.values()))).tolist()
    connection.execute(
        """
        with reviewed as (
            select customer_id from orders where ordered_at >= %(at)s - interval '1 day' and ordered_at < %(at)s
            union
            select customer_id from orders
            where ordered_at >= %(at)s - interval '91 days' and ordered_at < %(at)s - interval '90 days'
        ),
        spent as (
            select customer_id,
                   coalesce(sum(total_amount) filter (where status not in ('cancelled', 'returned')
                                                        and ordered_at >= %(at)s - interval '90 days'), 0) * 100 as hundredths
            from reviewed join orders using (customer_id)
            group by customer_id
        ),
        earned as (
            select customer_id,
                   case when hundredths >= %(platinum)s then 'platinum'
                        when hundredths >= %(gold)s then 'gold'
                        when hundredths >= %(silver)s then 'silver'
                        else 'bronze' end as tier
            from spent
        )
        update customers set tier = earned.tier, updated_at = %(at)s
        from earned
        where customers.customer_id = earned.customer_id and customers.tier <> earned.tier
        """,
        {"at": at, **dict(zip(_SPENT_DONG, bounds, strict=True))},
    )
