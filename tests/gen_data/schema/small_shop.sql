-- A shop of two months, small enough to know by heart, in which every rule and every invariant holds. Its clock stands at 2026-03-01 00:00 UTC.
set local timezone = 'UTC';

insert into shop_control.shop (seed, time_zone, currency, locale, opened_at) values (1, 'UTC', 'VND', 'vi_VN', '2026-01-01');
insert into shop_control.clock (next_tick, customer_count, guest_count, day_customer_count, day_guest_count)
values (59 * 1440, 3, 0, 3, 0);
insert into shop_control.scenario_switches (from_tick, scenario, orders_per_day) values (0, 'normal_day', 10);
insert into shop_control.name_pool values ('given', 0, 'An');
insert into shop_control.tick_journal (tick, steps_done, changes) values (7, 0, '');

insert into loyalty_tiers values
    ('bronze', 1, 0, 1, '2026-01-01'), ('silver', 2, 20, 1.25, '2026-01-01'), ('gold', 3, 900, 1.5, '2026-01-01');
insert into channels values
    ('website', 'Website', 0, '2026-01-01', '2026-01-01', 0.02, 0, 24), ('shopee', 'Shopee', 0.08, '2026-01-01', '2026-01-01', 0.04, 5, 48);
insert into categories values (1, 'Home', null, '2026-01-01'), (2, 'Kitchen', 1, '2026-01-01');
insert into suppliers values (1, 'Nhà Việt', 'Hà Nội', 5, '2026-01-01');
insert into products values
    (1, 2, 'SKU-1', 'Kettle', 100, 60, 'active', '2025-12-01', '2025-12-01', 1, 900),
    (2, 2, 'SKU-2', 'Cup', 50, 30, 'active', '2025-12-01', '2026-02-01', 1, 300);
insert into product_prices values (1, '2025-12-01', 100, '2025-12-01'), (2, '2025-12-01', 40, '2025-12-01'), (2, '2026-02-01', 50, '2026-02-01');
insert into warehouses values
    ('HAN', 'Kho Hà Nội', 'north', 'Hà Nội', '2026-01-01'), ('SGN', 'Kho Sài Gòn', 'south', 'Hồ Chí Minh', '2026-01-01');
insert into inventory values
    (1, 'HAN', 5, 1, 0, null, 3, 4, null, '2026-02-28 10:00'),
    (2, 'HAN', 1, 0, 6, '2026-03-04', 2, 4, '2026-02-03 18:00', '2026-02-05'),
    (1, 'SGN', 0, 0, 5, '2026-03-05', 0, 1, null, '2026-02-20'),
    (2, 'SGN', 2, 0, 0, null, 1, 2, null, '2026-02-27 18:00');
insert into carriers values ('ghn', 'Giao Nhanh', '2026-01-01'), ('vtp', 'Viễn Thông Post', '2026-01-01');
insert into service_level_agreements values ('ghn', 'north', 48, 0.2, '2026-01-01'), ('vtp', 'north', 72, 0.1, '2026-01-01');
insert into distributors values (1, 'Bắc Giao', 'ghn', 'north', '2026-01-01'), (2, 'Nam Giao', 'vtp', 'south', '2026-01-01');
insert into promotions values
    (101, 'FLASH10', 'Ten off', 'flash_sale', 0.1, '2026-01-10', '2026-01-11', '2026-01-10'),
    (102, 'LATER', 'Later', 'voucher', 0.1, '2026-02-10', '2026-02-11', '2026-02-10');

-- The third customer came, looked, and asked to be forgotten.
insert into customers values
    (1, 'An Nguyễn', 'an@example.org', '0901', '1990-01-01', 'bronze', 'website', '2026-01-02', '2026-01-02'),
    (2, 'Bình Trần', 'binh@example.org', null, null, 'bronze', 'shopee', '2026-01-03', '2026-01-03'),
    (3, 'Chi Lê', 'chi@example.org', null, null, 'bronze', 'website', '2026-01-04', '2026-01-04');
update customers set tier = 'silver', updated_at = '2026-01-13' where customer_id = 1;
select set_config('shop.now', '2026-01-06 00:00Z', true);
delete from customers where customer_id = 3;
insert into customer_addresses values
    (1, 1, 'An Nguyễn', '1 Phố Huế', 'Ba Đình', 'Hà Nội', false, '2026-01-02', '2026-01-20'),
    (2, 2, 'Bình Trần', '2 Lê Lợi', 'Quận 1', 'Hồ Chí Minh', true, '2026-01-03', '2026-01-03'),
    (9, 1, 'An Nguyễn', '9 Phố Huế', 'Ba Đình', 'Hà Nội', true, '2026-01-20', '2026-01-20');

-- 1: two parcels, one line sent back. 2: sent back whole. 3: paid. 4: lost on its way. 5: on its way. 6: nobody paid.
insert into orders values
    (1, 1, 1, 'website', 'delivered', '2026-01-10 10:00', 'VND', 240, 20, 30, 22, 272, '2026-01-12 09:00', 11, 'Hà Nội'),
    (2, 2, 2, 'shopee', 'returned', '2026-02-02 10:00', 'VND', 50, 0, 0, 5, 55, '2026-02-09 10:00', 12, 'Hồ Chí Minh'),
    (3, 1, 9, 'website', 'paid', '2026-02-28 10:00', 'VND', 100, 0, 0, 10, 110, '2026-02-28 10:05', 11, 'Hà Nội'),
    (4, 2, 2, 'website', 'cancelled', '2026-02-10 10:00', 'VND', 200, 0, 0, 20, 220, '2026-02-20 10:00', 12, 'Cần Thơ'),
    (5, 2, 2, 'shopee', 'shipped', '2026-02-26 10:00', 'VND', 50, 0, 0, 5, 55, '2026-02-27 18:00', 12, 'Hồ Chí Minh'),
    (6, 1, 9, 'shopee', 'cancelled', '2026-02-27 10:00', 'VND', 100, 0, 0, 10, 110, '2026-02-27 10:30', 11, 'Hà Nội');
insert into order_items values
    (1, 1, 1, 2, 100, 20, 180, 60, 'HAN'), (1, 2, 2, 1, 40, 0, 40, 30, 'SGN'), (2, 1, 2, 1, 50, 0, 50, 30, 'HAN'),
    (3, 1, 1, 1, 100, 0, 100, 60, 'HAN'), (4, 1, 1, 2, 100, 0, 200, 60, 'HAN'), (5, 1, 2, 1, 50, 0, 50, 30, 'SGN'),
    (6, 1, 1, 1, 100, 0, 100, 60, 'HAN');
insert into order_status_history values
    (1, 1, 'pending', '2026-01-10 10:00'), (1, 2, 'paid', '2026-01-10 10:05'), (1, 3, 'packed', '2026-01-10 12:00'),
    (1, 4, 'shipped', '2026-01-10 18:00'), (1, 5, 'delivered', '2026-01-12 09:00'),
    (2, 1, 'pending', '2026-02-02 10:00'), (2, 2, 'paid', '2026-02-02 10:05'), (2, 3, 'packed', '2026-02-03 12:00'),
    (2, 4, 'shipped', '2026-02-03 18:00'), (2, 5, 'delivered', '2026-02-04 09:00'), (2, 6, 'returned', '2026-02-09 10:00'),
    (3, 1, 'pending', '2026-02-28 10:00'), (3, 2, 'paid', '2026-02-28 10:05'),
    (4, 1, 'pending', '2026-02-10 10:00'), (4, 2, 'paid', '2026-02-10 10:05'), (4, 3, 'packed', '2026-02-10 12:00'),
    (4, 4, 'shipped', '2026-02-10 18:00'), (4, 5, 'cancelled', '2026-02-20 10:00'),
    (5, 1, 'pending', '2026-02-26 10:00'), (5, 2, 'paid', '2026-02-26 10:05'), (5, 3, 'packed', '2026-02-27 12:00'),
    (5, 4, 'shipped', '2026-02-27 18:00'),
    (6, 1, 'pending', '2026-02-27 10:00'), (6, 2, 'cancelled', '2026-02-27 10:30');
insert into campaign_contacts values (1, 102, false, '2026-02-10'), (2, 102, true, '2026-02-10');
insert into order_promotions values (1, 101, 20);
insert into payments values
    (9, 1, 1, 'card', 'failed', 272, '2026-01-10 10:02', 'card-1', 'timeout'),
    (10, 1, 2, 'card', 'succeeded', 272, '2026-01-10 10:05', 'card-1', null),
    (11, 1, 3, 'card', 'refunded', 180, '2026-01-18 10:00', 'card-1', null),
    (17, 2, 1, 'cod', 'succeeded', 55, '2026-02-04 09:00', null, null),
    (18, 2, 2, 'cod', 'refunded', 55, '2026-02-09 10:00', null, null),
    (25, 3, 1, 'e_wallet', 'succeeded', 110, '2026-02-28 10:05', null, null),
    (33, 4, 1, 'card', 'succeeded', 220, '2026-02-10 10:05', 'card-2', null),
    (34, 4, 2, 'card', 'refunded', 220, '2026-02-21 10:00', 'card-2', null),
    (49, 6, 1, 'card', 'failed', 110, '2026-02-27 10:05', 'card-1', 'timeout');
insert into loyalty_transactions values
    (1, 1, 'earn', 22, 22, 1, '2026-01-12 09:00'), (1, 2, 'redeem', -10, 12, null, '2026-01-15'),
    (2, 1, 'earn', 5, 5, 2, '2026-02-04 09:00'), (2, 2, 'reverse', -5, 0, 2, '2026-02-09 10:00');
insert into inventory_log values
    (1, 'HAN', 1, 'receipt', 3, 1, 60, 3, 3, null, null, '2026-01-01'),
    (1, 'HAN', 2, 'receipt', 5, 2, 62, 5, 8, null, null, '2026-01-05'),
    (1, 'HAN', 3, 'issue', -2, 1, 60, 1, 6, 1, 1, '2026-01-10 18:00'),
    (1, 'HAN', 4, 'return', 2, 4, 60, 2, 8, 1, 1, '2026-01-17 10:00'),
    (1, 'HAN', 5, 'issue', -1, 1, 60, 0, 7, 4, 1, '2026-02-10 18:00'),
    (1, 'HAN', 6, 'issue', -1, 2, 62, 4, 6, 4, 1, '2026-02-10 18:00'),
    (1, 'HAN', 7, 'loss', -1, 2, 62, 3, 5, null, null, '2026-02-15'),
    (2, 'HAN', 1, 'receipt', 2, 1, 30, 2, 2, null, null, '2026-01-01'),
    (2, 'HAN', 2, 'issue', -1, 1, 30, 1, 1, 2, 1, '2026-02-03 18:00'),
    (2, 'SGN', 1, 'receipt', 4, 1, 30, 4, 4, null, null, '2026-01-01'),
    (2, 'SGN', 2, 'issue', -1, 1, 30, 3, 3, 1, 2, '2026-01-10 18:00'),
    (2, 'SGN', 3, 'issue', -1, 1, 30, 2, 2, 5, 1, '2026-02-27 18:00');
insert into shipments values
    (4, 1, 'HAN', 'ghn', 1, 'delivered', 15, '2026-01-10 18:00', '2026-01-12 18:00', '2026-01-12 09:00', '2026-01-12 09:00'),
    (6, 1, 'SGN', 'ghn', 1, 'delivered', 15, '2026-01-10 18:00', '2026-01-12 18:00', '2026-01-12 09:00', '2026-01-12 09:00'),
    (8, 2, 'HAN', 'vtp', 2, 'delivered', 15, '2026-02-03 18:00', '2026-02-06 18:00', '2026-02-04 09:00', '2026-02-04 09:00'),
    (16, 4, 'HAN', 'ghn', 1, 'lost', 15, '2026-02-10 18:00', '2026-02-12 18:00', null, '2026-02-20 10:00'),
    (22, 5, 'SGN', 'vtp', 2, 'in_transit', 15, '2026-02-27 18:00', '2026-03-02 18:00', null, '2026-02-27 18:00');
insert into shipment_events values
    (4, 1, 'picked_up', 'Hà Nội', '2026-01-10 18:00'), (4, 2, 'out_for_delivery', 'Hà Nội', '2026-01-12 07:00'),
    (4, 3, 'delivered', 'Hà Nội', '2026-01-12 09:00'),
    (6, 1, 'picked_up', 'Hồ Chí Minh', '2026-01-10 18:00'), (6, 2, 'delivered', 'Hà Nội', '2026-01-12 09:00'),
    (8, 1, 'picked_up', 'Hà Nội', '2026-02-03 18:00'), (8, 2, 'delivered', 'Hồ Chí Minh', '2026-02-04 09:00'),
    (16, 1, 'picked_up', 'Hà Nội', '2026-02-10 18:00'), (16, 2, 'delayed', 'Hồ Chí Minh', '2026-02-12 18:00'),
    (16, 3, 'lost', 'Hồ Chí Minh', '2026-02-20 10:00'),
    (22, 1, 'picked_up', 'Hồ Chí Minh', '2026-02-27 18:00');
insert into order_returns values
    (1, 1, 'damaged', 'refunded', '2026-01-14', '2026-01-17 10:00', 180, '2026-01-18 10:00'),
    (2, 2, 'changed_mind', 'refunded', '2026-02-06', '2026-02-08', 55, '2026-02-09 10:00');
insert into return_items values (1, 1, 1, 2, 'resalable', 180), (2, 1, 2, 1, 'damaged', 55);
insert into goodwill_credits values (4, 2, 4, 'lost', 20, '2026-02-20 12:00');
insert into reviews values (10, 1, 2, 1, 2, 5, 'Fine.', '2026-01-20');
insert into support_tickets values
    (1, 1, 1, 'return', 'resolved', '2026-01-14', '2026-01-14 12:00', '2026-01-15', 4, '2026-01-15'),
    (4, 2, 4, 'where_is_my_order', 'answered', '2026-02-16', '2026-02-16 12:00', null, null, '2026-02-16 12:00'),
    (5, 2, 5, 'where_is_my_order', 'open', '2026-02-28', null, null, null, '2026-02-28');
-- 7: a guest's. 8: left behind.
insert into carts values
    (1, 1, 'converted', 1, '2026-01-10 09:50', '2026-01-10 10:00'), (3, 1, 'converted', 3, '2026-02-28 09:50', '2026-02-28 10:00'),
    (4, 2, 'converted', 4, '2026-02-10 09:50', '2026-02-10 10:00'), (7, null, 'active', null, '2026-02-28 20:00', '2026-02-28 20:00'),
    (8, 2, 'abandoned', null, '2026-02-01', '2026-02-04');
insert into cart_items values
    (1, 1, 1, 2, 100, '2026-01-10 09:50'), (1, 2, 2, 1, 40, '2026-01-10 09:55'), (3, 1, 1, 1, 100, '2026-02-28 09:50'),
    (4, 1, 1, 2, 100, '2026-02-10 09:50'), (7, 1, 2, 1, 50, '2026-02-28 20:00'), (8, 1, 2, 3, 50, '2026-02-01');
insert into wishlists values (8, 2, 1, '2026-02-01');
insert into customer_activity_log values
    (1, 1, 1, 'visit', null, null, 11, '2026-01-10 09:45'), (1, 2, 1, 'search', null, 'kettle', 11, '2026-01-10 09:46'),
    (1, 3, 1, 'view', 1, null, 11, '2026-01-10 09:47'), (1, 4, 1, 'add_to_cart', 1, null, 11, '2026-01-10 09:50'),
    (1, 5, 1, 'purchase', null, null, 11, '2026-01-10 10:00'),
    (3, 1, 1, 'visit', null, null, 11, '2026-02-28 09:45'), (3, 2, 1, 'purchase', null, null, 11, '2026-02-28 10:00'),
    (4, 1, null, 'visit', null, null, 12, '2026-02-10 09:45'), (4, 2, 2, 'purchase', null, null, 12, '2026-02-10 10:00'),
    (8, 1, 2, 'visit', null, null, 12, '2026-02-01'), (8, 2, 2, 'wish', 1, null, 12, '2026-02-01');
insert into marketplace_feed values (1, 'shopee', '2026-02-02 10:01', '{"order": 2}');

insert into ground_truth.caused_orders values (4, 'flash_sale', null);
insert into ground_truth.fraud_orders values (6, 'card_testing', 1);
insert into ground_truth.fraud_customers values (2, 'refund_abuse', 2);
insert into ground_truth.dirty_rows values (1, 'repeated', 'twice');
insert into ground_truth.lost_sales values (4, 2, 2, 1, '2026-02-10 10:00');
