"""What can be measured of a shop in some hours of one of its days: each measure one number, by SQL over PostgreSQL.

So a day under a scenario can be held against the same day of a twin that had
none. What becomes of orders later (returns, deliveries) is counted as far as
the database knows it.
"""

from dataclasses import dataclass, field

import psycopg


@dataclass(frozen=True)
class Measure:
    """One number of a window: ``sql`` gives it for instants from ``begins`` up to ``ends``, null where there is nothing to measure.

    ``reads_ground_truth`` marks what the shop's own tables cannot tell.
    """

    name: str
    meaning: str
    sql: str = field(repr=False)
    reads_ground_truth: bool = False

    def read(self, connection: psycopg.Connection, window: dict[str, object]) -> float | None:
        """The measure's value in a window of instants."""
        row = connection.execute(self.sql, window).fetchone()
        return None if row is None or row[0] is None else float(row[0])


_ALL = (
    Measure(
        "orders per hour",
        "orders placed, per hour of the window",
        """
        select count(*) / extract(epoch from %(ends)s::timestamptz - %(begins)s::timestamptz) * 3600
        from orders where ordered_at >= %(begins)s and ordered_at < %(ends)s
        """,
    ),
    Measure(
        "average order value",
        "mean total of the orders placed, discounts taken off, in the shop's currency",
        "select avg(total_amount) from orders where ordered_at >= %(begins)s and ordered_at < %(ends)s",
    ),
    Measure(
        "pieces per order",
        "mean number of pieces in an order",
        """
        select sum(quantity)::numeric / count(distinct order_id)
        from orders join order_items using (order_id) where ordered_at >= %(begins)s and ordered_at < %(ends)s
        """,
    ),
    Measure(
        "discount share",
        "discounts as a share of the list prices of what was ordered, 0 to 1",
        """
        select sum(discount_amount) / nullif(sum(items_amount), 0)
        from orders where ordered_at >= %(begins)s and ordered_at < %(ends)s
        """,
    ),
    Measure(
        "new customers per hour",
        "customers registered, per hour of the window; those who left since included",
        """
        select count(*) / extract(epoch from %(ends)s::timestamptz - %(begins)s::timestamptz) * 3600
        from customer_history where operation = 'insert' and changed_at >= %(begins)s and changed_at < %(ends)s
        """,
    ),
    Measure(
        "visits per hour",
        "visits to the website that began, per hour of the window",
        """
        select count(*) / extract(epoch from %(ends)s::timestamptz - %(begins)s::timestamptz) * 3600
        from customer_activity_log where sequence = 1 and happened_at >= %(begins)s and happened_at < %(ends)s
        """,
    ),
    Measure(
        "conversion rate",
        "share of the visits begun on the website that ended in an order, 0 to 1",
        """
        select avg(exists (select from customer_activity_log bought where bought.session_id = visits.session_id and kind = 'purchase')::int)
        from customer_activity_log visits where sequence = 1 and happened_at >= %(begins)s and happened_at < %(ends)s
        """,
    ),
    Measure(
        "failed payments per order",
        "attempts to pay that failed, per order placed",
        """
        select (select count(*) from payments where status = 'failed' and paid_at >= %(begins)s and paid_at < %(ends)s)
               / nullif(count(*), 0)::numeric
        from orders where ordered_at >= %(begins)s and ordered_at < %(ends)s
        """,
    ),
    Measure(
        "orders per device",
        "orders placed, per device that placed any",
        """
        select count(*) / nullif(count(distinct device_id), 0)::numeric
        from orders where ordered_at >= %(begins)s and ordered_at < %(ends)s
        """,
    ),
    Measure(
        "most orders from one device",
        "orders placed from the device that placed the most",
        """
        select coalesce(max(placed), 0)
        from (
            select count(*) as placed from orders where ordered_at >= %(begins)s and ordered_at < %(ends)s group by device_id
        ) devices
        """,
    ),
    Measure(
        "most cards on one device",
        "different cards tried on the device that tried the most",
        """
        select coalesce(max(tried), 0)
        from (
            select count(distinct card_token) as tried from orders join payments using (order_id)
            where ordered_at >= %(begins)s and ordered_at < %(ends)s group by device_id
        ) devices
        """,
    ),
    Measure(
        "orders placed from elsewhere",
        "share of the orders placed from another province than they go to, 0 to 1",
        """
        select avg((placed_from <> province)::int)
        from orders join customer_addresses using (address_id) where ordered_at >= %(begins)s and ordered_at < %(ends)s
        """,
    ),
    Measure(
        "return rate",
        "share of the orders delivered in the window that came back since, 0 to 1",
        """
        select avg(exists (select from order_returns where order_returns.order_id = delivered.order_id)::int)
        from order_status_history delivered
        where status = 'delivered' and changed_at >= %(begins)s and changed_at < %(ends)s
        """,
    ),
    Measure(
        "refunds",
        "money given back, in the shop's currency",
        "select coalesce(sum(amount), 0) from payments where status = 'refunded' and paid_at >= %(begins)s and paid_at < %(ends)s",
    ),
    Measure(
        "parcels shipped per hour",
        "parcels handed to a carrier, per hour of the window",
        """
        select count(*) / extract(epoch from %(ends)s::timestamptz - %(begins)s::timestamptz) * 3600
        from shipments where shipped_at >= %(begins)s and shipped_at < %(ends)s
        """,
    ),
    Measure(
        "transit hours",
        "mean hours on the way of the parcels shipped in the window and delivered since",
        """
        select avg(extract(epoch from delivered_at - shipped_at)) / 3600
        from shipments where delivered_at is not null and shipped_at >= %(begins)s and shipped_at < %(ends)s
        """,
    ),
    Measure(
        "late deliveries",
        "share of the parcels shipped in the window and delivered since that came after the promised instant, 0 to 1",
        """
        select avg((delivered_at > promised_at)::int)
        from shipments where delivered_at is not null and shipped_at >= %(begins)s and shipped_at < %(ends)s
        """,
    ),
    Measure(
        "lost parcels",
        "share of the parcels shipped in the window that were lost since, 0 to 1",
        "select avg((status = 'lost')::int) from shipments where shipped_at >= %(begins)s and shipped_at < %(ends)s",
    ),
    Measure(
        "empty shelves",
        "products of which a warehouse has not one piece left at the window's end, counted for each warehouse",
        """
        select count(*) filter (where on_hand_after = 0)
        from (
            select distinct on (product_id, warehouse_code) on_hand_after from inventory_log
            where happened_at < %(ends)s order by product_id, warehouse_code, sequence desc
        ) shelves
        """,
    ),
    Measure(
        "malformed feed rows",
        "share of the feed's rows received in the window that are not JSON, 0 to 1",
        "select avg((payload is not json)::int) from marketplace_feed where received_at >= %(begins)s and received_at < %(ends)s",
    ),
    Measure(
        "repeated feed rows",
        "share of the feed's rows received in the window that the same channel had sent before, 0 to 1",
        """
        select avg(exists (
            select from marketplace_feed earlier
            where earlier.channel_code = rows.channel_code and earlier.payload = rows.payload and earlier.feed_id < rows.feed_id
        )::int)
        from marketplace_feed rows where received_at >= %(begins)s and received_at < %(ends)s
        """,
    ),
    Measure(
        "lost sales",
        "pieces that were wanted and not there to be sold",
        "select coalesce(sum(quantity), 0) from ground_truth.lost_sales where happened_at >= %(begins)s and happened_at < %(ends)s",
        reads_ground_truth=True,
    ),
    Measure(
        "treated orders per held-out order",
        "orders of customers who got a voucher, per order of those who were drawn too and got none; 1 without a campaign",
        """
        select coalesce(count(*) filter (where not is_held_out) / nullif(count(*) filter (where is_held_out), 0)::numeric, 1)
        from campaign_contacts
        join promotions using (promotion_id)
        join orders using (customer_id)
        where ordered_at >= greatest(starts_at, %(begins)s) and ordered_at < least(ends_at, %(ends)s)
        """,
    ),
)
MEASURES = {measure.name: measure for measure in _ALL}
