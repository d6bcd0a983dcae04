with parcels as (
    select order_id, sum(shipping_cost) as carried_for from shipments group by order_id
),
credits as (
    select order_id, sum(amount) as credited from goodwill_credits group by order_id
),
costs as (
    select order_date, sold.channel_code, is_paid, revenue, revenue - refunded_amount as net_revenue, cost_of_goods_sold,
           case when is_paid then round(revenue * commission_rate, 2) else 0 end as commission,
           case when is_paid then round(total_amount * payment_fee_rate, 2) else 0 end as payment_fee,
           case when is_paid then fixed_fee else 0 end as fixed_fee,
           case when is_paid or status = 'cancelled' then coalesce(carried_for, 0) else 0 end as shipping_cost,
           case when is_paid and carried_for is not null then shipping_amount else 0 end as shipping_charged,
           coalesce(credited, 0) as credited
    from sold
    join channels using (channel_code)
    left join parcels using (order_id)
    left join credits using (order_id)
),
added as (
    select order_date, channel_code, count(*) filter (where is_paid) as paid_order_count, sum(revenue) as revenue, sum(net_revenue) as net_revenue,
           sum(cost_of_goods_sold) as cost_of_goods_sold, sum(net_revenue - cost_of_goods_sold) as gross_margin,
           sum(commission) as commission_amount, sum(payment_fee) as payment_fee_amount, sum(fixed_fee) as fixed_fee_amount,
           sum(commission + payment_fee + fixed_fee) as channel_fee_amount, sum(shipping_cost) as shipping_cost,
           sum(shipping_charged) as shipping_charged, sum(credited) as goodwill_amount,
           sum(net_revenue - cost_of_goods_sold - commission - payment_fee - fixed_fee - shipping_cost + shipping_charged - credited)
               as contribution_margin
    from costs
    group by order_date, channel_code
)
select added.*, round(gross_margin / nullif(net_revenue, 0), 4) as gross_margin_share,
       round(contribution_margin / nullif(net_revenue, 0), 4) as contribution_margin_share
from added
