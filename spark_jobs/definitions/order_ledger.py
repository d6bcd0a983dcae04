"""What lines and payments say of each order, by SQL apart from the transforms: every amount of a sale is held against it.

Here money comes from the payments: revenue is what was paid less shipping and
tax. The transforms take it from the order (:mod:`spark_jobs.definitions.sales`). Both agree
as long as an order costs what its lines do, is paid in full, and is counted
once, on its day. A payment that was lost would be missing in both; what its
customer has is therefore paid, since cash at the door is taken at the door.
"""

from iceberg.quality.checks import Ledger, LedgerCheck, SumCheck, sums_to

ORDER_LEDGER = Ledger(
    "the ledger of orders",
    key=("order_id",),
    tables=("silver.orders", "silver.order_items", "silver.payments"),
    sql="""
        select *,
            least(revenue, coalesce(round(
                cast(paid_back_amount as decimal(14,2)) * cast(items_amount - discount_amount as decimal(14,2))
                / nullif(cast(items_amount - discount_amount + tax_amount as decimal(15,2)), 0), 2), 0)) as refunded_amount
        from (
            select
                order_id, order_date, order_month, order_hour, channel_code, status, items_amount, discount_amount, tax_amount, total_amount,
                coalesce(line_items_amount, 0) as line_items_amount,
                coalesce(line_discount_amount, 0) as line_discount_amount,
                coalesce(succeeded_amount, 0) as paid_amount,
                coalesce(refunded_amount, 0) as paid_back_amount,
                case when status <> 'cancelled' and succeeded_amount is not null
                    then succeeded_amount - shipping_amount - tax_amount else 0 end as revenue
            from {silver_orders}
            left join (
                select order_id, sum(list_price * quantity) as line_items_amount, sum(discount_amount) as line_discount_amount
                from {silver_order_items} group by order_id
            ) using (order_id)
            left join (
                select
                    order_id,
                    sum(case when status = 'succeeded' then amount end) as succeeded_amount,
                    sum(case when status = 'refunded' then amount end) as refunded_amount
                from {silver_payments} group by order_id
            ) using (order_id)
        )
    """,
)

ORDER_RULES = (
    LedgerCheck(
        "order is the sum of its lines",
        ORDER_LEDGER,
        "items_amount <> line_items_amount or discount_amount <> line_discount_amount",
        "orders must have the amounts of their lines",
        "do not",
        ("items_amount", "line_items_amount", "discount_amount", "line_discount_amount"),
    ),
    LedgerCheck(
        "order is paid in full or not at all",
        ORDER_LEDGER,
        "paid_amount not in (0, total_amount)",
        "orders must be paid in full, once, or not at all",
        "are not",
        ("paid_amount", "total_amount"),
    ),
    LedgerCheck(
        "delivered order is paid",
        ORDER_LEDGER,
        "status in ('delivered', 'returned') and paid_amount = 0",
        "orders that reached their customer must be paid",
        "are not",
        ("status", "paid_amount"),
    ),
    LedgerCheck(
        "refunds at most payments",
        ORDER_LEDGER,
        "paid_back_amount > paid_amount",
        "orders must not have more paid back than was paid",
        "have",
        ("paid_back_amount", "paid_amount"),
    ),
)
"""What must hold of each order before its money is counted."""


def sums_to_ledger(*by: str, gross: str = "gross_merchandise_value") -> tuple[SumCheck, ...]:
    """The columns of a sale add up to the ledger of orders, in each group of ``by``; ``gross`` names the amount at list price."""
    others = {
        gross: "items_amount",
        "discount_amount": "discount_amount",
        "revenue": "revenue",
        "refunded_amount": "refunded_amount",
    }
    return tuple(sums_to(column, ORDER_LEDGER, other, by=by) for column, other in others.items())
