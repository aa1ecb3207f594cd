-- What follows the events of a service: checkpoints, parked streams, the outbox, the publisher's note, read models.
--
-- Why: the rows that a follower writes and the position it has reached are one transaction, so each event is applied
-- exactly once, whichever replica does it and wherever it is killed. The lock of a follower only spares the replicas
-- double work; what makes it safe is that the checkpoint moves from the very position that was seen.

create schema read;  -- the read models; made by the migrations of the services

create table checkpoints (
    name text collate "C" primary key,
    position bigint not null
);

create table parked_streams (
    follower text collate "C" not null,
    stream text collate "C" not null,
    position bigint not null,  -- of the first event that waits for a replay
    last_skipped bigint not null default 0,  -- of the last one, where a consumer parked it
    error text not null,
    parked_at timestamptz not null default now(),
    primary key (follower, stream)
);

create table outbox (
    id bigint generated always as identity primary key,
    kind text collate "C" not null,
    key text collate "C" not null,
    payload text not null,
    origin text not null,  -- the metadata of the event that caused it, as stored
    not_before timestamptz not null,
    attempts integer not null default 0,
    deaths integer not null default 0,  -- workers that let the lease run out
    lease uuid,
    leased_until timestamptz,
    error text not null default '',
    made_at timestamptz not null default now(),
    done_at timestamptz,
    dead_at timestamptz,
    unique (kind, key)
);
create index outbox_due on outbox (kind, not_before, id) where done_at is null and dead_at is null;
create index outbox_dead on outbox (kind) where dead_at is not null;
create index outbox_done on outbox (done_at) where done_at is not null;

-- How far the publisher has come, for people; the truth is the last message of the stream.
create table publishing (
    only_row boolean primary key default true check (only_row),
    position bigint not null default 0,
    rewind_to bigint  -- asked for: empty the stream and publish what is after this position
);
insert into publishing default values;


-- Opens a follower's batch in the caller's transaction: nothing when another replica is at it, else where it stands and
-- what is parked. Names without a schema then mean the tables in `tables_in`, until the transaction ends.
create function begin_batch(follower_name text, tables_in text) returns table (seen bigint, parked text[])
    language plpgsql
as $$
begin
    if not pg_try_advisory_xact_lock(hashtextextended('follower ' || follower_name, 0)) then
        return;
    end if;
    -- Each statement below begins after the lock was granted and sees what its last holder has committed.
    perform set_config('search_path', format('%I, public', tables_in), true);
    set constraints all immediate;
    select c.position into seen from public.checkpoints c where c.name = follower_name;
    if not found then
        insert into public.checkpoints (name, position) values (follower_name, 0) on conflict do nothing;
        seen := 0;
    end if;
    select coalesce(array_agg(p.stream), '{}') into parked
    from public.parked_streams p where p.follower = follower_name;
    return next;
end $$;


-- Waits until no replica is at a follower, and keeps it so until the transaction ends.
create function hold_follower(follower_name text, wait_ms integer) returns void
    language plpgsql
as $$
begin
    perform set_config('lock_timeout', wait_ms::text, true);
    perform pg_advisory_xact_lock(hashtextextended('follower ' || follower_name, 0));
end $$;


-- A rebuild fills copies of a projection's tables in a schema of its own, named like the checkpoint that counts for
-- them, and then puts them in the place of the running ones. Readers see the old rows or the new, never none.
-- Copies have the columns, defaults, checks and indexes (under new names) and the grants of the running tables.
create function begin_rebuild(projection text, tables text[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    shadow text := 'rebuild_' || projection;
    name text;
    granted record;
begin
    execute format('drop schema if exists %I cascade', shadow);
    execute format('create schema %I', shadow);
    execute format('grant usage on schema %I to %I', shadow, session_user);
    foreach name in array tables loop
        execute format('create table %I.%I (like read.%I including all)', shadow, name, name);
        for granted in
            select a.privilege_type as privilege, coalesce(quote_ident(r.rolname), 'public') as role
            from pg_class c cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
            where c.oid = format('read.%I', name)::regclass and a.grantee <> c.relowner
        loop
            execute format('grant %s on %I.%I to %s', granted.privilege, shadow, name, granted.role);
        end loop;
    end loop;
    delete from public.parked_streams where follower = shadow;
    delete from public.checkpoints where checkpoints.name = shadow;
    insert into public.checkpoints (name, position) values (shadow, 0);
end $$;


-- Ends a rebuild in the caller's transaction, which holds the follower and has filled the copies as far as it stands.
create function end_rebuild(projection text, tables text[]) returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    shadow text := 'rebuild_' || projection;
    reached bigint;
    running bigint;
    name text;
begin
    select c.position into strict reached from public.checkpoints c where c.name = shadow;
    select coalesce(max(c.position), 0) into running from public.checkpoints c where c.name = projection;
    if reached < running then
        raise exception 'the rebuild stands at %, the running table at %', reached, running;
    end if;
    foreach name in array tables loop
        execute format('drop table read.%I', name);
        execute format('alter table %I.%I set schema read', shadow, name);
    end loop;
    execute format('drop schema %I', shadow);
    delete from public.checkpoints c where c.name = shadow;
    insert into public.checkpoints (name, position) values (projection, reached)
    on conflict on constraint checkpoints_pkey do update set position = excluded.position;
    delete from public.parked_streams where follower = projection;
    update public.parked_streams set follower = projection where follower = shadow;
    return reached;
end $$;


-- The same for the same rows in any order: tells whether a rebuilt table equals the one it replaces.
create function digest_rows(tables_in text, tables text[]) returns text
    language plpgsql stable
as $$
declare
    name text;
    digest text;
    digests text := '';
begin
    foreach name in array tables loop
        execute format(
            'select count(*) || '':'' || coalesce(md5(string_agg(md5(t::text), '''' order by md5(t::text))), '''') from %I.%I t',
            tables_in, name
        ) into digest;
        digests := digests || name || '=' || digest || ' ';
    end loop;
    return rtrim(digests);
end $$;


do $$
declare
    app text := current_database();  -- while migrating, the service's role has the name of its database
begin
    revoke execute on function begin_batch, hold_follower, begin_rebuild, end_rebuild, digest_rows
        from public;
    execute format('grant execute on function begin_batch, hold_follower, begin_rebuild, end_rebuild, digest_rows to %I', app);
    execute format('grant select, insert, update, delete on checkpoints, parked_streams, outbox to %I', app);
    execute format('grant select, update on publishing to %I', app);
    execute format('grant usage on schema read to %I', app);
    execute format('alter default privileges in schema read grant select, insert, update, delete on tables to %I', app);
end $$;
