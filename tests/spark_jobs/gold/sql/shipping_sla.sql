with newest as (
    select max(happened_at) as known_until from shipment_events
),
parcels as (
    select date_trunc('month', shipped_at)::date as shipped_month, shipments.carrier_code, region, status, shipping_cost,
           delivery_hours, round(shipping_cost * penalty_rate, 2) as penalty,
           delivered_at <= promised_at as is_as_promised, delivered_at > promised_at as is_after_promise,
           status = 'in_transit' and promised_at <= known_until and not exists (
               select from shipment_events as on_the_doorstep
               where on_the_doorstep.shipment_id = shipments.shipment_id and kind = 'out_for_delivery' and happened_at <= promised_at
           ) as is_overdue,
           extract(epoch from date_trunc('second', delivered_at) - date_trunc('second', shipped_at)) as seconds
    from shipments
    cross join newest
    join distributors using (distributor_id)
    join service_level_agreements agreed using (region)
    where agreed.carrier_code = shipments.carrier_code
)
select shipped_month, carrier_code, region, max(delivery_hours) as agreed_hours, count(*) as parcel_count,
       count(*) filter (where status = 'delivered') as delivered_count, count(*) filter (where is_after_promise) as delivered_late_count,
       count(*) filter (where status = 'lost') as lost_count, count(*) filter (where status = 'in_transit') as in_transit_count,
       count(*) filter (where is_overdue) as overdue_count,
       count(*) filter (where is_after_promise or status = 'lost' or is_overdue) as late_count,
       round(count(*) filter (where is_as_promised)::numeric
             / nullif(count(*) filter (where status in ('delivered', 'lost') or is_overdue), 0), 4) as on_time_share,
       round(avg(seconds) / 3600, 2) as mean_delivery_hours,
       round((percentile_cont(0.9) within group (order by seconds))::numeric / 3600, 2) as p90_delivery_hours,
       sum(shipping_cost) as shipping_cost, coalesce(sum(penalty) filter (where is_after_promise), 0) as penalty_amount
from parcels
group by shipped_month, carrier_code, region
