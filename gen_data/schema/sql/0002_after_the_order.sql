-- What needs an order to have come so far. Its past is read from its history, which is written first: the order's own row may be changed last.
create function check_shipments() returns trigger
language plpgsql
set search_path = public, pg_temp
-- The plan of the first call is kept for the session: only the key's index is right for small and large loads alike.
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_memoize = off
as $$
declare
    refused record;
begin
    select shipment.shipment_id, shipment.order_id into refused
    from new_rows shipment
    where not exists (select from order_status_history past where past.order_id = shipment.order_id and past.status = 'shipped')
    limit 1;
    if found then
        raise exception 'shipment_of_a_shipped_order: shipment % belongs to order %, which was not shipped', refused.shipment_id, refused.order_id
            using errcode = 'check_violation', constraint = 'shipment_of_a_shipped_order', table = 'shipments', schema = 'public';
    end if;
    return null;
end
$$;

create trigger shipment_of_a_shipped_order after insert on shipments
    referencing new table as new_rows for each statement execute function check_shipments();

create function check_order_returns() returns trigger
language plpgsql
set search_path = public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_memoize = off
as $$
declare
    refused record;
begin
    select request.return_id, request.order_id, request.requested_at into refused
    from new_rows request
    where not exists (
        select from order_status_history past
        where past.order_id = request.order_id and past.status = 'delivered' and past.changed_at <= request.requested_at
    )
    limit 1;
    if found then
        raise exception 'order_return_of_a_delivered_order: return % belongs to order %, which was not delivered by %',
            refused.return_id, refused.order_id, refused.requested_at
            using errcode = 'check_violation', constraint = 'order_return_of_a_delivered_order', table = 'order_returns', schema = 'public';
    end if;
    return null;
end
$$;

create trigger order_return_of_a_delivered_order after insert on order_returns
    referencing new table as new_rows for each statement execute function check_order_returns();

create function check_return_items() returns trigger
language plpgsql
set search_path = public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_memoize = off
as $$
declare
    refused record;
begin
    -- That the order was delivered is the rule of the return that the line belongs to.
    select item.return_id, item.quantity, item.order_id, item.line_number, line.quantity as bought into refused
    from new_rows item
    left join order_returns on order_returns.return_id = item.return_id and order_returns.order_id = item.order_id
    left join order_items line on line.order_id = item.order_id and line.line_number = item.line_number
    where order_returns.return_id is null or item.quantity > line.quantity
    limit 1;
    if found then
        raise exception 'return_item_was_delivered: return % cannot bring back % of order %, line %, of which % were delivered to it',
            refused.return_id, refused.quantity, refused.order_id, refused.line_number, refused.bought
            using errcode = 'check_violation', constraint = 'return_item_was_delivered', table = 'return_items', schema = 'public';
    end if;
    return null;
end
$$;

create trigger return_item_was_delivered after insert on return_items
    referencing new table as new_rows for each statement execute function check_return_items();

create function check_reviews() returns trigger
language plpgsql
set search_path = public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_memoize = off
as $$
declare
    refused record;
begin
    select review.review_id, review.order_id, review.created_at into refused
    from new_rows review
    where not exists (
        select from order_status_history past
        where past.order_id = review.order_id and past.status = 'delivered' and past.changed_at <= review.created_at
    )
    limit 1;
    if found then
        raise exception 'review_of_a_delivered_order: review % belongs to order %, which was not delivered by %',
            refused.review_id, refused.order_id, refused.created_at
            using errcode = 'check_violation', constraint = 'review_of_a_delivered_order', table = 'reviews', schema = 'public';
    end if;
    return null;
end
$$;

create trigger review_of_a_delivered_order after insert on reviews
    referencing new table as new_rows for each statement execute function check_reviews();
