with parcels as (
    select date_trunc('month', shipped_at)::date as shipped_month, shipments.carrier_code, region, status, shipping_cost,
           delivery_hours, delivered_at > promised_at as is_late, round(shipping_cost * penalty_rate, 2) as penalty,
           extract(epoch from date_trunc('second', delivered_at) - date_trunc('second', shipped_at)) as seconds
    from shipments
    join distributors using (distributor_id)
    join service_level_agreements agreed using (region)
    where agreed.carrier_code = shipments.carrier_code
)
select shipped_month, carrier_code, region, max(delivery_hours) as agreed_hours, count(*) as parcel_count,
       count(*) filter (where status = 'delivered') as delivered_count, count(*) filter (where is_late) as late_count,
       count(*) filter (where status = 'lost') as lost_count, count(*) filter (where status = 'in_transit') as in_transit_count,
       round(count(*) filter (where status = 'delivered' and not is_late)::numeric
             / nullif(count(*) filter (where status in ('delivered', 'lost')), 0), 4) as on_time_share,
       round(avg(seconds) / 3600, 2) as mean_delivery_hours,
       round((percentile_cont(0.9) within group (order by seconds))::numeric / 3600, 2) as p90_delivery_hours,
       sum(shipping_cost) as shipping_cost, coalesce(sum(penalty) filter (where is_late), 0) as penalty_amount
from parcels
group by shipped_month, carrier_code, region
