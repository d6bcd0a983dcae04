-- What each table of some schemas is like in PostgreSQL's catalogs, as far as it shows that rows changed and the log does not tell.
with captured as (
    select class.oid, namespace.nspname || '.' || class.relname as full_name, class.relkind, class.relfilenode, class.relnatts
    from pg_class class join pg_namespace namespace on namespace.oid = class.relnamespace
    where namespace.nspname = any(%(schemas)s) and class.relkind in ('r', 'p') and not class.relispartition
),
-- All below the table. What was detached for a while has another row in pg_inherits.
parts as materialized (
    select captured.oid as root, part.oid, part.relfilenode || '/' || link.xmin as file
    from captured, pg_partition_tree(captured.oid) tree
         join pg_class part on part.oid = tree.relid
         join pg_inherits link on link.inhrelid = part.oid
    where captured.relkind = 'p'
),
-- Columns that rows from before read by their default, without ever having been written. Of a partitioned table the partitions say so.
filled as materialized (
    select distinct storage.root, attribute.attname
    from (select oid as root, oid from captured union all select root, oid from parts) storage
         join pg_attribute attribute on attribute.attrelid = storage.oid
    where attribute.atthasmissing
)
select captured.full_name, jsonb_build_object(
    'oid', captured.oid::bigint,
    'file', captured.relfilenode::bigint,
    'attributes', captured.relnatts,
    'columns', (
        select coalesce(jsonb_object_agg(attribute.attname, jsonb_build_object(
            'number', attribute.attnum,
            'changed_by', attribute.xmin::text,
            -- Whatever a statement may have meant to change; another default has another oid.
            'facts', md5(row(
                attribute.atttypid, attribute.atttypmod, attribute.attcollation, attribute.attnotnull, attribute.atthasdef, default_value.oid,
                attribute.attidentity, attribute.attstattarget, attribute.attstorage, attribute.attcompression, attribute.attoptions,
                attribute.attacl, attribute.attislocal, attribute.attinhcount
            )::text),
            'is_filled', filled.attname is not null,
            'labels', (
                select coalesce(jsonb_object_agg(label.oid::text, label.enumlabel), '{}')
                from pg_enum label where label.enumtypid = coalesce(nullif(type.typbasetype, 0), type.oid)
            )
        )), '{}')
        from pg_attribute attribute
             join pg_type type on type.oid = attribute.atttypid
             left join pg_attrdef default_value on default_value.adrelid = attribute.attrelid and default_value.adnum = attribute.attnum
             left join filled on filled.root = captured.oid and filled.attname = attribute.attname
        where attribute.attrelid = captured.oid and attribute.attnum > 0 and not attribute.attisdropped and attribute.attgenerated = ''
    ),
    'partitions', (select coalesce(jsonb_object_agg(parts.oid::text, parts.file), '{}') from parts where parts.root = captured.oid)
)
from captured
