-- An order goes pending, paid, packed, shipped, delivered. It may be cancelled before it is delivered (shipped: its parcels were lost), and returned after.
create function is_legal_order_status_change(old_status text, new_status text) returns boolean
language sql immutable parallel safe
return case old_status
    when 'pending' then new_status in ('paid', 'cancelled')
    when 'paid' then new_status in ('packed', 'cancelled')
    when 'packed' then new_status in ('shipped', 'cancelled')
    when 'shipped' then new_status in ('delivered', 'cancelled')
    when 'delivered' then new_status = 'returned'
    else false
end;

create function check_order_status_history() returns trigger
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
    select step.order_id, step.sequence, step.status, previous.status as previous_status into refused
    from new_rows step
    left join order_status_history previous on previous.order_id = step.order_id and previous.sequence = step.sequence - 1
    where case
        when step.sequence = 1 then step.status <> 'pending'
        else previous.status is null
          or not is_legal_order_status_change(previous.status, step.status)
          or step.changed_at < previous.changed_at
    end
    limit 1;
    if found then
        raise exception 'order_status_history_is_a_legal_path: order % cannot have step % (%) after %',
            refused.order_id, refused.sequence, refused.status, coalesce(refused.previous_status, 'nothing')
            using errcode = 'check_violation', constraint = 'order_status_history_is_a_legal_path',
                  table = 'order_status_history', schema = 'public';
    end if;
    return null;
end
$$;

create trigger order_status_history_is_a_legal_path after insert on order_status_history
    referencing new table as new_rows for each statement execute function check_order_status_history();
