select order_month, province,
       sum(items_amount) as gross_merchandise_value, sum(discount_amount) as discount_amount, sum(revenue) as revenue,
       sum(refunded_amount) as refunded_amount, sum(revenue - refunded_amount) as net_revenue, count(*) as order_count,
       count(*) filter (where is_paid) as paid_order_count, count(*) filter (where status = 'cancelled') as cancelled_order_count,
       count(*) filter (where status = 'returned') as fully_returned_order_count, sum(unit_count) as unit_count,
       round(sum(revenue) / nullif(count(*) filter (where is_paid), 0), 2) as average_order_value,
       sum(cost_of_goods_sold) as cost_of_goods_sold, sum(revenue - refunded_amount - cost_of_goods_sold) as gross_margin,
       round(sum(revenue - refunded_amount - cost_of_goods_sold) / nullif(sum(revenue - refunded_amount), 0), 4) as gross_margin_share
from sold
join customer_addresses using (address_id)
group by order_month, province
