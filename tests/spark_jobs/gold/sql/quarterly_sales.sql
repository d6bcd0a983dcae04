with quarters as (
    select sold.*, date_trunc('quarter', order_date)::date as quarter_start from sold
)
select quarter_start, channel_code, extract(year from quarter_start) as order_year, extract(quarter from quarter_start) as order_quarter,
       (select max(order_date) from sold) >= quarter_start + interval '3 months' as is_complete,
       sum(items_amount) as gross_merchandise_value, sum(discount_amount) as discount_amount, sum(revenue) as revenue,
       sum(refunded_amount) as refunded_amount, sum(revenue - refunded_amount) as net_revenue, count(*) as order_count,
       count(*) filter (where is_paid) as paid_order_count, count(*) filter (where status = 'cancelled') as cancelled_order_count,
       count(*) filter (where status = 'returned') as fully_returned_order_count, sum(unit_count) as unit_count,
       round(sum(revenue) / nullif(count(*) filter (where is_paid), 0), 2) as average_order_value
from quarters
group by quarter_start, channel_code
