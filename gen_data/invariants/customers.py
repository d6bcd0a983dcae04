"""What is true of customers: their history, their addresses, their points, and what they say afterwards."""

from gen_data.invariants.invariant import Invariant

CUSTOMERS = (
    Invariant(
        "customer_is_as_the_history_says",
        "A customer, tier included, is as the last version of the history says; of those who are gone it says so.",
        """
        select customer_id
        from customers
        full join (
            select * from (
                select distinct on (customer_id) * from customer_history order by customer_id, version desc
            ) last where operation <> 'delete'
        ) known using (customer_id)
        where (customers.full_name, customers.email, customers.phone, customers.birth_date, customers.tier,
               customers.signup_channel_code, customers.updated_at)
              is distinct from (known.full_name, known.email, known.phone, known.birth_date, known.tier,
                                known.signup_channel_code, known.changed_at)
        """,
    ),
    Invariant(
        "customer_history_is_without_gap",
        "The versions of a customer are numbered from 1 without a gap, forward in time; the first comes, only the last may go.",
        """
        select customer_id, version
        from (
            select customer_id, version, operation, changed_at, row_number() over versions as number,
                   lag(operation) over versions as previous_operation, lag(changed_at) over versions as previous_changed_at
            from customer_history
            window versions as (partition by customer_id order by version)
        ) known
        where version <> number or changed_at < previous_changed_at
           or (operation = 'insert') <> (number = 1) or previous_operation = 'delete'
        """,
    ),
    Invariant(
        "customer_has_one_default_address",
        "Every customer has exactly one default address.",
        """
        select customer_id
        from customers
        left join (select customer_id, count(*) as defaults from customer_addresses where is_default group by customer_id) held
            using (customer_id)
        where defaults is distinct from 1
        """,
    ),
    Invariant(
        "loyalty_balance_is_the_sum_of_its_transactions",
        "The points of a customer are the sum of all transactions so far, never below zero; they are numbered without a gap, forward in time.",
        """
        select customer_id, sequence
        from (
            select customer_id, sequence, balance_after, happened_at, row_number() over account as number,
                   sum(points) over account as balance, lag(happened_at) over account as previous_happened_at
            from loyalty_transactions
            window account as (partition by customer_id order by sequence)
        ) moved
        where sequence <> number or balance_after <> balance or balance < 0 or happened_at < previous_happened_at
        """,
    ),
    Invariant(
        "points_are_earned_with_own_delivered_orders",
        "Points are earned with the customer's own order when it is delivered, and go back, no more than were earned, when it is returned.",
        """
        select moved.customer_id, moved.sequence
        from loyalty_transactions moved
        join orders using (order_id)
        left join (
            select order_id, case status when 'delivered' then 'earn' else 'reverse' end as kind, changed_at
            from order_status_history where status in ('delivered', 'returned')
        ) step using (order_id, kind)
        where moved.customer_id <> orders.customer_id or changed_at is distinct from happened_at
        union all
        select back.customer_id, back.sequence
        from loyalty_transactions back
        left join loyalty_transactions earned
            on earned.order_id = back.order_id and earned.kind = 'earn' and earned.customer_id = back.customer_id
        where back.kind = 'reverse' and (earned.points is null or earned.points < -back.points or earned.sequence > back.sequence)
        """,
    ),
    Invariant(
        "review_is_by_the_buyer_of_the_line",
        "A review is by who bought the line, of what the line sold, after it was delivered.",
        """
        select review_id
        from reviews
        join orders using (order_id)
        join order_items using (order_id, line_number)
        left join (select order_id, changed_at from order_status_history where status = 'delivered') delivery using (order_id)
        where reviews.customer_id <> orders.customer_id or reviews.product_id <> order_items.product_id
           or changed_at is null or created_at < changed_at
        """,
    ),
    Invariant(
        "ticket_is_about_the_customer_s_own_order",
        "A support ticket is about an order of the customer who opened it, and comes after it.",
        """
        select ticket_id
        from support_tickets join orders using (order_id)
        where support_tickets.customer_id <> orders.customer_id or opened_at < ordered_at
        """,
    ),
    Invariant(
        "ticket_was_last_changed_by_its_last_step",
        "A support ticket was last updated when it was opened, answered or resolved.",
        """
        select ticket_id from support_tickets where updated_at <> coalesce(resolved_at, first_response_at, opened_at)
        """,
    ),
)
