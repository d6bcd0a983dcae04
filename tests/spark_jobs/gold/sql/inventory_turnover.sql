with span as (
    select min(happened_at::date) as first_day, max(happened_at::date) as newest_day from inventory_log
),
appeared as (
    select product_id, min(happened_at::date) as first_seen from inventory_log group by product_id
),
moved as (
    select product_id, happened_at::date as day, sum(quantity * unit_cost) as change,
           coalesce(-sum(quantity * unit_cost) filter (where kind in ('issue', 'return')), 0) as sold
    from inventory_log group by product_id, happened_at::date
),
every_day as (
    select product_id, day::date as day, date_trunc('month', day)::date as stock_month,
           coalesce(sold, 0) as sold, coalesce(change, 0) as change,
           sum(coalesce(change, 0)) over (partition by product_id order by day) as value_at_end
    from appeared
    cross join span
    cross join generate_series(date_trunc('month', first_day), newest_day, interval '1 day') as calendar (day)
    left join moved using (product_id, day)
    where day >= date_trunc('month', first_seen) and day::date >= first_day
),
months as (
    select stock_month, product_id, count(*) as day_count, sum(change) as value_change, sum(sold) as cost_of_goods_sold,
           round(avg(value_at_end), 2) as average_stock_value,
           (array_agg(value_at_end order by day desc))[1] as closing_stock_value,
           (array_agg(value_at_end - change order by day))[1] as opening_stock_value
    from every_day
    group by stock_month, product_id
)
select months.*, round(cost_of_goods_sold / nullif(average_stock_value, 0), 4) as turnover,
       case when cost_of_goods_sold > 0 then round(average_stock_value * day_count / cost_of_goods_sold, 2) end as days_of_cover,
       (stock_month + interval '1 month')::date <= newest_day and stock_month >= first_day as is_complete
from months cross join span
