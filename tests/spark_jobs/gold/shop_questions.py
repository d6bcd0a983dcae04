"""What the gold tables of customers and products must answer, asked of the shop itself in PostgreSQL.

Written apart from the transforms, from the definitions in GLOSSARY.md alone.
Sessions run in the shop's time zone, so that ``::date`` is the shop's day.
"""

from dataclasses import dataclass

SALES = """
    create temporary view sales as
    select order_id, customer_id, channel_code, status, ordered_at::date as day, date_trunc('month', ordered_at)::date as month,
           is_paid, revenue, cost,
           least(revenue, coalesce(round(refund * (1 - tax_amount / nullif(items_amount - discount_amount + tax_amount, 0)), 2), 0)) as refunded
    from orders
    join (select order_id, sum(cost) as cost from line_cost group by 1) as bought using (order_id)
    cross join lateral (
        select coalesce(bool_or(payments.status = 'succeeded'), false) and orders.status <> 'cancelled' as is_paid,
               coalesce(sum(amount) filter (where payments.status = 'refunded'), 0) as refund
        from payments where payments.order_id = orders.order_id
    ) as money
    cross join lateral (select case when is_paid then items_amount - discount_amount else 0 end as revenue) as earned
"""

LINE_COST = """
    create temporary view line_cost as
    select order_id, line_number, coalesce(issued.cost, quantity * unit_cost) as cost
    from order_items
    left join (
        select order_id, line_number, sum(-quantity * unit_cost) as cost from inventory_log where kind = 'issue' group by 1, 2
    ) as issued using (order_id, line_number)
"""

FORECASTS = """
    create temporary table forecasts as
    with starts as (
        select start::date as start
        from (select min(day) as opened, max(day) as newest from sales) as shop
        cross join generate_series(date_trunc('month', opened), newest - 28, interval '1 month') as start
    ),
    known as (
        select start, customer_id, count(*) as orders, min(day) as first_day, max(day) as last_day
        from starts join sales on day < start group by start, customer_id
    ),
    shop as (select start, round(sum(start - 1 - first_day)::numeric / nullif(sum(orders - 1), 0), 4) as rhythm from known group by start),
    expected as (select known.*, round((rhythm + (last_day - first_day)) / orders, 4)::float8 as days from known join shop using (start))
    select start, customer_id, chance, 1 + width_bucket(chance, array[0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 0.999]) as band, placed
    from expected
    cross join lateral (
        select round((exp((last_day - start + 1) / days) * (1 - exp(-28 / days)))::numeric, 4) as chance
    ) as foretold
    cross join lateral (
        select count(*) as placed from sales where sales.customer_id = expected.customer_id and day between start and start + 27
    ) as later
    where days > 0
"""

CHANCES = """
    create temporary view chances as
    with pools as (
        select as_of, low, high, round(count(*) filter (where placed > 0)::numeric / count(*), 4) as share, round(sum(placed) / count(*), 4) as orders
        from (select start as as_of from forecasts union select date 'infinity') as moments
        cross join generate_series(1, 11) as low cross join generate_series(1, 11) as high
        join forecasts on start < as_of and band between low and high
        group by as_of, low, high having count(*) >= 100
    )
    select as_of, band, max(least_share) as share, max(least_orders) as orders
    from (
        select as_of, band, low, min(share) as least_share, min(orders) as least_orders
        from pools join generate_series(1, 11) as band on band between low and high group by as_of, band, low
    ) as upwards
    group by as_of, band
"""


@dataclass(frozen=True)
class Question:
    """A query of the shop whose rows a gold table's columns must equal; the first ``key`` columns name a row."""

    table: str
    key: int
    columns: tuple[str, ...]
    sql: str


RETENTION = Question(
    "gold.retention_d7",
    1,
    ("first_order_date", "new_customer_count", "returning_customer_count", "retention_rate", "is_complete"),
    """
    with firsts as (select customer_id, min(day) as first_day from sales group by customer_id),
         back as (
             select first_day, exists (
                 select from sales where sales.customer_id = firsts.customer_id and day > first_day and day <= first_day + 7
             ) as came_back
             from firsts
         )
    select first_day, count(*), count(*) filter (where came_back), round(count(*) filter (where came_back)::numeric / count(*), 4),
           (select max(day) from sales) > first_day + 7
    from back group by first_day
    """,
)

COHORTS = Question(
    "gold.customer_cohorts",
    2,
    (
        "cohort_month", "activity_month", "months_since", "customer_count", "active_customer_count", "order_count", "paid_order_count",
        "net_revenue", "retention_rate",
    ),
    """
    with cohort as (select customer_id, min(month) as month from sales group by customer_id),
         size as (select month, count(*) as customers from cohort group by month)
    select size.month, active.month::date,
           (extract(year from age(active.month, size.month)) * 12 + extract(month from age(active.month, size.month)))::int,
           customers, count(distinct sales.customer_id), count(sales.order_id), count(*) filter (where is_paid),
           coalesce(sum(revenue - refunded), 0), round(count(distinct sales.customer_id)::numeric / customers, 4)
    from size
    cross join lateral generate_series(size.month, (select max(month) from sales), interval '1 month') as active (month)
    left join (select sales.*, cohort.month as cohort_month from sales join cohort using (customer_id)) as sales
      on sales.cohort_month = size.month and sales.month = active.month
    group by size.month, active.month, customers
    """,
)  # fmt: skip

FUNNEL = Question(
    "gold.funnel_daily",
    2,
    (
        "activity_date", "is_known", "visit_count", "search_visit_count", "view_visit_count", "cart_visit_count", "purchase_visit_count",
        "one_click_purchase_count", "search_rate", "view_rate", "cart_per_view_rate", "cart_rate", "purchase_per_cart_rate",
        "conversion_rate", "cart_count", "converted_cart_count", "abandoned_cart_count", "open_cart_count", "cart_abandonment_rate",
    ),
    """
    with begun as (
        select session_id, happened_at::date as day, customer_id is not null as is_known, kind = 'purchase' as is_one_click
        from customer_activity_log where sequence = 1
    ),
    visits as (
        select day, is_known,
               exists (select from customer_activity_log as s where s.session_id = b.session_id and kind = 'search') as searched,
               exists (select from customer_activity_log as s where s.session_id = b.session_id and kind = 'view') as viewed,
               exists (select from customer_activity_log as s where s.session_id = b.session_id and kind = 'add_to_cart') as added,
               exists (select from customer_activity_log as s where s.session_id = b.session_id and kind = 'purchase') as bought
        from begun as b where not is_one_click
    ),
    steps as (
        select day, is_known, count(*) as visits, sum(searched::int) as searching, sum(viewed::int) as viewing,
               sum((viewed and added)::int) as adding, sum((viewed and added and bought)::int) as buying
        from visits group by day, is_known
    ),
    at_once as (
        select day, is_known, count(*) as orders
        from customer_activity_log join begun using (session_id)
        where kind = 'purchase' and session_id not in (select session_id from customer_activity_log where kind = 'add_to_cart')
        group by day, is_known
    ),
    filled as (
        select created_at::date as day, is_known, count(*) as carts, count(order_id) as converted,
               count(*) filter (where status = 'abandoned') as abandoned, count(*) filter (where status = 'active') as still_open
        from carts join begun on cart_id = session_id
        group by 1, 2
    )
    select day, is_known, coalesce(visits, 0), coalesce(searching, 0), coalesce(viewing, 0), coalesce(adding, 0), coalesce(buying, 0),
           coalesce(orders, 0), round(searching::numeric / visits, 4), round(viewing::numeric / visits, 4),
           round(adding::numeric / nullif(viewing, 0), 4), round(adding::numeric / visits, 4),
           round(buying::numeric / nullif(adding, 0), 4), round(buying::numeric / visits, 4), coalesce(carts, 0), coalesce(converted, 0),
           coalesce(abandoned, 0), coalesce(still_open, 0),
           case when carts = converted + abandoned then round(abandoned::numeric / carts, 4) end
    from steps full join at_once using (day, is_known) full join filled using (day, is_known)
    """,
)  # fmt: skip

SEARCHES = Question(
    "gold.search_terms",
    2,
    ("search_date", "search_text", "search_count", "visit_count", "customer_count", "buying_visit_count", "conversion_rate"),
    """
    with searches as (
        select search.happened_at::date as day, search_text, session_id, customer_id, exists (
            select from customer_activity_log as purchase
            where purchase.session_id = search.session_id and purchase.kind = 'purchase'
              and purchase.sequence > search.sequence and purchase.happened_at::date = search.happened_at::date
        ) as bought
        from customer_activity_log as search where kind = 'search'
    )
    select day, search_text, count(*), count(distinct session_id), count(distinct customer_id),
           count(distinct session_id) filter (where bought),
           round(count(distinct session_id) filter (where bought)::numeric / count(distinct session_id), 4)
    from searches group by day, search_text
    """,
)

PRODUCTS = Question(
    "gold.product_performance",
    1,
    (
        "product_id", "order_count", "paid_order_count", "unit_count", "paid_unit_count", "delivered_unit_count", "returned_unit_count",
        "revenue", "refunded_amount", "net_revenue", "cost_amount", "gross_profit", "gross_margin_rate", "return_rate", "review_count",
        "average_rating", "view_visit_count", "buying_visit_count", "available_unit_count", "recent_unit_count", "days_of_cover", "turnover",
        "health_score",
    ),
    """
    with weights as (
        select order_id, line_number, coalesce(back.amount, 0) as returned, line_amount,
               sum(coalesce(back.amount, 0)) over (partition by order_id) as all_returned
        from order_items
        left join (
            select order_id, line_number, sum(refund_amount) as amount from return_items group by 1, 2
        ) as back using (order_id, line_number)
    ),
    shares as (
        select order_id, line_number, case when all_returned > 0 then returned else line_amount end as weight from weights
    ),
    refunds as (
        select order_id, line_number, case when total = 0 then 0 else
            (div(refunded * 100 * upto, total) - div(refunded * 100 * (upto - weight), total)) / 100 end as refunded
        from (
            select shares.*, sum(weight) over (partition by order_id order by line_number) as upto, sum(weight) over (partition by order_id) as total
            from shares
        ) as running
        join (select order_id, refunded from sales) as given using (order_id)
    ),
    sold as (
        select product_id, count(distinct order_id) as orders, count(distinct order_id) filter (where is_paid) as paid_orders,
               sum(quantity) as units, coalesce(sum(quantity) filter (where is_paid), 0) as paid_units,
               coalesce(sum(line_amount) filter (where is_paid), 0) as revenue, sum(refunds.refunded) as refunded,
               coalesce(sum(cost) filter (where is_paid), 0) as cost,
               sum(quantity) filter (where day > (select max(day) from sales) - 28) as recent
        from order_items
        join (select order_id, day, is_paid from sales) as sales using (order_id)
        join refunds using (order_id, line_number)
        join line_cost using (order_id, line_number)
        group by product_id
    ),
    arrived as (
        select product_id, sum(line.quantity) as pieces, sum(coalesce(back, 0)) as back
        from order_items as line
        join shipments as parcel on parcel.order_id = line.order_id and parcel.warehouse_code = line.warehouse_code and delivered_at is not null
        left join (select order_id, line_number, sum(quantity) as back from return_items group by 1, 2) as returned
          on returned.order_id = line.order_id and returned.line_number = line.line_number
        group by product_id
    ),
    log as (select product_id, happened_at::date as day, kind, quantity * unit_cost as value from inventory_log),
    last_days as (
        select newest - back as day from (select max(day) as newest, least(28, max(day) - min(day) + 1) as days from log) as known
        cross join lateral generate_series(0, days - 1) as back
    ),
    held as (
        select product_id, round(avg(value), 2) as value from (
            select product_id, day, (
                select coalesce(sum(value), 0) from log where log.product_id = products.product_id and log.day <= last_days.day
            ) as value
            from products cross join last_days where product_id in (select product_id from log)
        ) as evenings
        group by product_id
    ),
    turned as (
        select product_id, round(coalesce(sold, 0) / nullif(value, 0), 4) as times from held left join (
            select product_id, -sum(value) as sold from log where kind in ('issue', 'return') and day in (select day from last_days) group by 1
        ) as left_for_good using (product_id)
    ),
    rated as (select product_id, count(*) as reviews, round(avg(rating), 4) as rating from reviews group by 1),
    seen as (
        select product_id, count(*) as views, count(*) filter (where exists (
            select from orders join order_items using (order_id)
            where order_id = session_id and order_items.product_id = views.product_id and ordered_at::date = views.day
        )) as bought
        from (select distinct product_id, session_id, happened_at::date as day from customer_activity_log where kind = 'view') as views
        group by 1
    ),
    stock as (select product_id, sum(on_hand - reserved) as available from inventory group by 1),
    shop as (select least(28, max(day) - min(day) + 1) as days from sales)
    select product_id, coalesce(orders, 0), coalesce(paid_orders, 0), coalesce(units, 0), coalesce(paid_units, 0), coalesce(pieces, 0),
           coalesce(back, 0), coalesce(revenue, 0), coalesce(refunded, 0), coalesce(revenue - refunded, 0), coalesce(cost, 0),
           coalesce(revenue - cost, 0), margin, come_back, coalesce(reviews, 0), rating, coalesce(views, 0), coalesce(bought, 0),
           coalesce(available, 0), coalesce(recent, 0), cover, times, case when paid_orders > 0 then (
               select round(100 * avg(round(greatest(0, least(1, part)), 4)), 2)
               from (values (margin / 0.5), (1 - come_back / 0.3), ((rating - 1) / 4), (cover / 14)) as parts (part) where part is not null
           ) end
    from products cross join shop
    left join sold using (product_id) left join rated using (product_id) left join seen using (product_id) left join stock using (product_id)
    left join arrived using (product_id) left join turned using (product_id)
    cross join lateral (
        select round((revenue - cost) / nullif(revenue, 0), 4) as margin, round(back::numeric / nullif(pieces, 0), 4) as come_back,
               round(available::numeric * days / nullif(recent, 0), 4) as cover
    ) as rates
    """,
)  # fmt: skip

TOP_PRODUCTS = Question(
    "gold.product_performance",
    1,
    ("revenue_rank", "product_id", "revenue"),
    """
    with earned as (
        select product_id, coalesce(sum(line_amount) filter (where is_paid), 0) as revenue
        from products left join order_items using (product_id) left join (select order_id, is_paid from sales) as sales using (order_id)
        group by product_id
    )
    select row_number() over (order by revenue desc, product_id), product_id, revenue from earned
    """,
)

PAIRS = Question(
    "gold.product_pairs",
    2,
    (
        "product_id", "other_product_id", "pair_order_count", "product_order_count", "other_order_count", "order_count", "support",
        "confidence", "confidence_back", "lift",
    ),
    """
    with recent as (select order_id from sales where status <> 'cancelled' and day > (select max(day) from sales) - 90),
         bought as (select distinct order_id, product_id from order_items where order_id in (select order_id from recent)),
         each as (select product_id, count(*)::numeric as orders from bought group by 1),
         total as (select count(*)::numeric as orders from recent),
         pairs as (
             select a.product_id, b.product_id as other, count(*)::numeric as orders
             from bought as a join bought as b on a.order_id = b.order_id and a.product_id < b.product_id
             group by 1, 2 having count(*) >= 3
         )
    select pairs.product_id, other, pairs.orders, a.orders, b.orders, total.orders, round(pairs.orders / total.orders, 4),
           round(pairs.orders / a.orders, 4), round(pairs.orders / b.orders, 4), round(pairs.orders * total.orders / (a.orders * b.orders), 4)
    from pairs join each as a on a.product_id = pairs.product_id join each as b on b.product_id = other cross join total
    """,
)  # fmt: skip

CUSTOMERS = Question(
    "gold.customer_summary",
    1,
    (
        "customer_id", "tier", "province", "points_balance", "first_order_date", "next_order_date", "last_order_date", "order_count",
        "paid_order_count", "cancelled_order_count", "returned_order_count", "troubled_order_count", "revenue", "refunded_amount",
        "net_revenue", "gross_profit", "gross_margin", "average_order_value", "ticket_count", "review_count", "average_rating",
    ),
    """
    with bought as (
        select customer_id, min(day) as first_day, max(day) as last_day, count(*) as orders, count(*) filter (where is_paid) as paid,
               count(*) filter (where status = 'cancelled') as cancelled, count(*) filter (where order_id in (select order_id from order_returns where status <> 'refused')) as back,
               count(*) filter (where order_id in (select order_id from order_returns union select order_id from support_tickets)) as troubled,
               sum(revenue) as revenue, sum(refunded) as refunded, coalesce(sum(revenue - cost) filter (where is_paid), 0) as profit,
               sum(revenue - refunded - case when is_paid then cost - back_cost when status = 'cancelled' then left_cost - back_cost else 0 end) as margin
        from sales
        join (
            select order_id, coalesce(sum(unit_cost * -quantity) filter (where kind = 'issue'), 0) as left_cost,
                   coalesce(sum(unit_cost * quantity) filter (where kind = 'return'), 0) as back_cost
            from orders left join inventory_log using (order_id) group by order_id
        ) as moved using (order_id)
        group by customer_id
    )
    select customer_id, tier, (select province from customer_addresses as a where a.customer_id = c.customer_id and is_default),
           coalesce((select balance_after from loyalty_transactions as l where l.customer_id = c.customer_id order by sequence desc limit 1), 0),
           first_day, (select min(day) from sales where sales.customer_id = c.customer_id and day > first_day), last_day,
           coalesce(orders, 0), coalesce(paid, 0), coalesce(cancelled, 0), coalesce(back, 0), coalesce(troubled, 0), coalesce(revenue, 0),
           coalesce(refunded, 0), coalesce(revenue - refunded, 0), coalesce(profit, 0), coalesce(margin, 0), round(revenue / nullif(paid, 0), 2),
           (select count(*) from support_tickets as t where t.customer_id = c.customer_id),
           (select count(*) from reviews as r where r.customer_id = c.customer_id),
           (select round(avg(rating), 4) from reviews as r where r.customer_id = c.customer_id)
    from customers as c left join bought using (customer_id)
    """,
)  # fmt: skip

RFM = Question(
    "gold.customer_summary",
    1,
    (
        "customer_id", "recency_days", "recency_score", "frequency_score", "monetary_score", "expected_interval_days", "churn_risk",
    ),
    """
    with newest as (select max(day) as day from sales),
    rfm as (
        select customer_id, newest.day - max(sales.day) filter (where is_paid) as recency, count(*) filter (where is_paid) as frequency,
               sum(revenue - refunded) as monetary, count(*) as orders, newest.day - min(sales.day) as age, newest.day - max(sales.day) as silent
        from sales cross join newest group by customer_id, newest.day
    ),
    borders as (
        select percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by -recency) as r,
               percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by frequency) as f,
               percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by monetary) as m
        from rfm where frequency > 0
    ),
    shop as (select round(sum(age)::numeric / sum(orders - 1), 4) as rhythm from rfm),
    expected as (select rfm.*, round((rhythm + age - silent) / orders, 4) as days from rfm cross join shop),
    risky as (select expected.*, round((1 - exp(-silent / days::float8))::numeric, 4) as risk from expected)
    select customer_id, recency,
           case when frequency > 0 then 1 + (select count(*) from unnest(r) as border where -recency > border) end,
           case when frequency > 0 then 1 + (select count(*) from unnest(f) as border where frequency > border) end,
           case when frequency > 0 then 1 + (select count(*) from unnest(m) as border where monetary > border) end,
           days, risk
    from customers left join risky using (customer_id) cross join borders
    """,
)  # fmt: skip

WORTH = Question(
    "gold.customer_summary",
    1,
    ("customer_id", "order_probability_28d", "expected_order_count_28d", "customer_lifetime_value"),
    """
    with newest as (select max(day) as day from sales),
    kept as (
        select order_id, customer_id, sales.day, is_paid, revenue - refunded - case
                   when is_paid then cost - coalesce(back_cost, 0)
                   when status = 'cancelled' then coalesce(left_cost, 0) - coalesce(back_cost, 0)
                   else 0 end as margin
        from sales
        left join (select order_id, sum(unit_cost * quantity) as back_cost from inventory_log where kind = 'return' group by 1) as back using (order_id)
        left join (select order_id, sum(unit_cost * -quantity) as left_cost from inventory_log where kind = 'issue' group by 1) as sent using (order_id)
    ),
    seen as (
        select customer_id, bool_or(is_paid) as has_paid, sum(margin) as margin, count(*) as orders, min(kept.day) as first_day,
               max(kept.day) as last_day, newest.day as today
        from kept cross join newest group by customer_id, newest.day
    ),
    shop as (select round(sum(today - first_day)::numeric / nullif(sum(orders - 1), 0), 4) as rhythm from seen),
    expected as (select seen.*, nullif(round((rhythm + (last_day - first_day)) / orders, 4), 0)::float8 as days from seen cross join shop),
    likely as (
        select expected.*, 1 + width_bucket(
                   round((exp((last_day - today) / days) * (1 - exp(-28 / days)))::numeric, 4),
                   array[0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 0.999]
               ) as band
        from expected
    )
    select customer_id, share, chances.orders,
           case when has_paid then margin + round(margin * chances.orders * 365 / (28 * likely.orders), 2) end
    from customers left join likely using (customer_id) left join chances on chances.band = likely.band and as_of = date 'infinity'
    """,
)

CALIBRATION = Question(
    "gold.churn_calibration",
    2,
    (
        "snapshot_date", "score_band", "customer_count", "foretold_rate", "ordering_customer_count", "ordering_rate", "ordering_rate_low",
        "ordering_rate_high", "order_count", "calibrated_rate", "base_rate", "brier_score", "calibrated_brier_score", "base_rate_brier_score",
    ),
    """
    with happened as (select *, (placed > 0)::int as came from forecasts),
         months as (select start, round(avg(came), 4) as base from happened group by start)
    select start, band, count(*), round(avg(chance), 4), sum(came), round(avg(came), 4), round(low::numeric, 4), round(high::numeric, 4),
           sum(placed)::bigint, share, base, round(avg((chance - came) ^ 2), 4), round(avg((share - came) ^ 2), 4), round(avg((base - came) ^ 2), 4)
    from happened
    join months using (start)
    left join (select as_of as start, band, share from chances) as learned using (start, band)
    join (
        select start, band, middle - reach as low, middle + reach as high
        from (select start, band, count(*)::float8 as n, avg(came)::float8 as p from happened group by start, band) as shares
        cross join lateral (
            select (p + 1.96 ^ 2 / (2 * n)) / (1 + 1.96 ^ 2 / n) as middle,
                   1.96 / (1 + 1.96 ^ 2 / n) * sqrt(p * (1 - p) / n + 1.96 ^ 2 / (4 * n ^ 2)) as reach
        ) as interval_of
    ) as wilson using (start, band)
    group by start, band, share, base, low, high
    """,
)  # fmt: skip

TRUST = Question(
    "gold.mart_trust_scores",
    2,
    (
        "order_month", "channel_code", "order_count", "delivered_order_count", "parcel_count", "on_time_parcel_count",
        "return_requested_order_count", "complaint_order_count", "refund_count", "average_refund_hours", "average_rating", "on_time_rate",
    ),
    """
    select month, channel_code, count(*), count(*) filter (where status in ('delivered', 'returned')), sum(parcels), sum(on_time),
           count(asked_at), count(*) filter (where order_id in (select order_id from support_tickets)), count(paid_back_at) filter (where asked_at is not null),
           round(avg(floor(extract(epoch from paid_back_at)) - floor(extract(epoch from asked_at))) / 3600, 2),
           round(sum(stars)::numeric / nullif(sum(reviews), 0), 4), round(sum(on_time)::numeric / nullif(sum(parcels), 0), 4)
    from sales
    cross join lateral (
        select count(*) filter (where s.status <> 'in_transit' or promised_at <= known_until and not exists (
                   select from shipment_events as e where e.shipment_id = s.shipment_id and kind = 'out_for_delivery' and happened_at <= promised_at
               )) as parcels,
               count(*) filter (where delivered_at <= promised_at) as on_time
        from shipments as s cross join (select max(happened_at) as known_until from shipment_events) as newest
        where s.order_id = sales.order_id
    ) as sent
    left join lateral (select requested_at as asked_at from order_returns as r where r.order_id = sales.order_id) as asked on true
    left join lateral (
        select min(paid_at) as paid_back_at from payments as p where p.order_id = sales.order_id and p.status = 'refunded'
    ) as paid_back on true
    cross join lateral (select count(*) as reviews, sum(rating) as stars from reviews as r where r.order_id = sales.order_id) as said
    group by month, channel_code
    """,
)  # fmt: skip

QUESTIONS = {
    "retention of seven days": RETENTION,
    "cohorts": COHORTS,
    "funnel": FUNNEL,
    "search terms": SEARCHES,
    "product performance": PRODUCTS,
    "top products": TOP_PRODUCTS,
    "pairs": PAIRS,
    "customers": CUSTOMERS,
    "recency, frequency and money": RFM,
    "what customers are worth": WORTH,
    "calibration of the forecast": CALIBRATION,
    "trust": TRUST,
}
