"""What is true of money that came and went back: payments, refunds, returns, credits."""

from gen_data.invariants.invariant import Invariant

PAYMENTS = (
    Invariant(
        "payment_attempts_are_in_order",
        "The attempts to pay an order are numbered from 1 without a gap, forward in time.",
        """
        select order_id, attempt
        from (
            select order_id, attempt, paid_at, row_number() over attempts as number, lag(paid_at) over attempts as previous_paid_at
            from payments
            window attempts as (partition by order_id order by attempt)
        ) tried
        where attempt <> number or paid_at < previous_paid_at
        """,
    ),
    Invariant(
        "order_is_paid_once_and_in_full",
        "An order is paid at most once, and then its total.",
        """
        select order_id from payments join orders using (order_id) where payments.status = 'succeeded' and amount <> total_amount
        union
        select order_id from payments where status = 'succeeded' group by order_id having count(*) > 1
        """,
    ),
    Invariant(
        "order_goes_on_once_it_is_paid",
        "A delivered order is paid; one on its way is, unless cash is due at the door; one that waits is not.",
        """
        select order_id
        from orders
        left join (select order_id, true as is_paid from payments where status = 'succeeded') paid using (order_id)
        left join (select distinct order_id, true as has_failed from payments where status = 'failed') failed using (order_id)
        where case
            when status = 'pending' then is_paid
            when status in ('paid', 'packed', 'shipped') then has_failed and is_paid is null
            when status in ('delivered', 'returned') then is_paid is null
        end
        """,
    ),
    Invariant(
        "refunds_never_exceed_payments",
        "No order has more paid back than was paid.",
        """
        select order_id
        from payments
        where order_id in (select order_id from payments where status = 'refunded')
        group by order_id
        having sum(amount) filter (where status = 'refunded') > coalesce(sum(amount) filter (where status = 'succeeded'), 0)
        """,
    ),
    Invariant(
        "cancelled_order_is_paid_back",
        "What was paid for a cancelled order is paid back within a week.",
        """
        select order_id
        from orders join payments using (order_id)
        where orders.status = 'cancelled' and orders.updated_at < (select instant from shop_time) - interval '7 days'
        group by order_id
        having sum(amount) filter (where payments.status = 'succeeded')
               is distinct from sum(amount) filter (where payments.status = 'refunded')
        """,
    ),
    Invariant(
        "refund_of_a_return_is_paid_out",
        "What a return refunds is what was paid back, and nothing else is paid back for an order that was not cancelled.",
        """
        select order_id
        from (select order_id, refund_amount from order_returns where status = 'refunded') promised
        full join (
            select order_id, sum(amount) as amount
            from payments join orders using (order_id)
            where payments.status = 'refunded' and orders.status <> 'cancelled'
            group by order_id
        ) paid_out using (order_id)
        where refund_amount is distinct from amount
        """,
    ),
    Invariant(
        "refund_of_a_return_is_that_of_its_items",
        "A return refunds what its items do, with or without what their shipping cost.",
        """
        select return_id
        from order_returns join orders using (order_id)
        left join (select return_id, sum(refund_amount) as amount from return_items group by return_id) items using (return_id)
        where order_returns.status = 'refunded'
          and order_returns.refund_amount is distinct from amount
          and order_returns.refund_amount is distinct from amount + shipping_amount
        """,
    ),
    Invariant(
        "return_belongs_to_a_delivered_line",
        "What comes back was delivered before: no other line, no more pieces, no parcel that did not arrive.",
        """
        select item.return_id, item.line_number
        from return_items item
        left join order_returns request on request.return_id = item.return_id and request.order_id = item.order_id
        left join order_items line on line.order_id = item.order_id and line.line_number = item.line_number
        left join shipments parcel on parcel.order_id = item.order_id and parcel.warehouse_code = line.warehouse_code
        where item.quantity > line.quantity
           or parcel.delivered_at is null or request.requested_at is null
           or parcel.delivered_at > request.requested_at
        """,
    ),
    Invariant(
        "received_return_has_items",
        "A return that was received has something in it, and one that was not has nothing.",
        """
        select return_id
        from order_returns
        left join (select distinct return_id, true as is_there from return_items) items using (return_id)
        where (status in ('received', 'refunded')) <> (is_there is not null)
        """,
    ),
    Invariant(
        "order_is_returned_when_all_of_it_came_back",
        "An order counts as returned exactly when every piece of it came back and was refunded.",
        """
        select order_id
        from orders
        left join (
            select order_id, true as is_whole
            from order_items
            left join (
                select item.order_id, item.line_number, item.quantity
                from return_items item join order_returns using (return_id) where status = 'refunded'
            ) back using (order_id, line_number)
            where order_id in (select order_id from order_returns where status = 'refunded')
            group by order_id
            having bool_and(back.quantity is not distinct from order_items.quantity)
        ) came_back using (order_id)
        where (status = 'returned') <> (is_whole is not null)
        """,
    ),
    Invariant(
        "credit_goes_to_the_customer_of_its_order",
        "A goodwill credit goes to the customer who placed the order, and comes after it.",
        """
        select credit_id
        from goodwill_credits join orders using (order_id)
        where goodwill_credits.customer_id <> orders.customer_id or granted_at < ordered_at
        """,
    ),
)
