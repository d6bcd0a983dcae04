-- A status moves along its own path only. The condition stands at the trigger, where it costs a legal change next to nothing.
-- The trigger bears the rule's name; it is told what to call the row, and the column of its key.
create function refuse_status_change() returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
begin
    raise exception '%: % % cannot go from % to %', tg_name, tg_argv[0], to_jsonb(old) ->> tg_argv[1], old.status, new.status
        using errcode = 'check_violation', constraint = tg_name, table = tg_table_name, schema = tg_table_schema;
end
$$;

create trigger order_status_change_is_legal after update on orders for each row
    when (old.status <> new.status and not is_legal_order_status_change(old.status, new.status))
    execute function refuse_status_change('order', 'order_id');

create trigger shipment_status_change_is_legal after update on shipments for each row
    when (old.status <> new.status and old.status <> 'in_transit')
    execute function refuse_status_change('shipment', 'shipment_id');

create trigger order_return_status_change_is_legal after update on order_returns for each row
    when (old.status <> new.status
          and (old.status, new.status) not in (('requested', 'received'), ('requested', 'refused'), ('received', 'refunded')))
    execute function refuse_status_change('return', 'return_id');

create trigger cart_status_change_is_legal after update on carts for each row
    when (old.status <> new.status and old.status <> 'active')
    execute function refuse_status_change('cart', 'cart_id');

create trigger ticket_status_change_is_legal after update on support_tickets for each row
    when (old.status <> new.status and (old.status, new.status) not in (('open', 'answered'), ('answered', 'resolved')))
    execute function refuse_status_change('ticket', 'ticket_id');
