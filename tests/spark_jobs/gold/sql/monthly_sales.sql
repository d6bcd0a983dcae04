select order_month, channel_code,
       sum(items_amount) as gross_merchandise_value, sum(discount_amount) as discount_amount, sum(revenue) as revenue,
       sum(refunded_amount) as refunded_amount, sum(revenue - refunded_amount) as net_revenue, count(*) as order_count,
       count(*) filter (where is_paid) as paid_order_count, count(*) filter (where status = 'cancelled') as cancelled_order_count,
       count(*) filter (where status = 'returned') as fully_returned_order_count, sum(unit_count) as unit_count,
       round(sum(revenue) / nullif(count(*) filter (where is_paid), 0), 2) as average_order_value,
       extract(year from order_month) as order_year, ceil(extract(month from order_month) / 3) as order_quarter
from sold
group by order_month, channel_code
