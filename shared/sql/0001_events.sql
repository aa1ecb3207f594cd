-- The event store of one service: events are only ever appended, by append_events() alone.
--
-- Why one function behind one lock: positions are drawn, and become visible, in the order of the commits, so a reader
-- at `position > n` never misses an event; and every check is made under the lock, by statements that begin after it
-- was granted, so what a check has seen still holds when the transaction commits.
-- The role of the service reads the tables and may execute the functions; it can't write a table by itself.

create table events (
    position bigint primary key,
    stream text collate "C" not null,
    version bigint not null,
    event_id uuid not null unique,
    type_name text collate "C" not null,
    schema_version integer not null,
    data text not null,      -- JSON, kept as the exact text that was hashed
    metadata text not null,  -- JSON, likewise
    hash bytea not null,
    recorded_at timestamptz not null,
    unique (stream, version)
);

create table claims (
    kind text collate "C" not null,
    value text collate "C" not null,
    stream text collate "C" not null,
    primary key (kind, value)
);

create table receipts (
    command_id uuid primary key,
    digest bytea not null,
    outcome text not null,
    position bigint not null,
    made_at timestamptz not null default now()
);
create index receipts_by_age on receipts using brin (made_at);

create table sources (
    source text collate "C" primary key,
    epoch uuid not null,
    position bigint not null
);

create table person_keys (
    person text collate "C" primary key,
    wrapped_key bytea,  -- null: destroyed
    destroyed_at timestamptz
);
-- A destroyed key must not linger in a dead row: vacuum after every single one.
alter table person_keys set (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

create table epochs (
    number integer generated always as identity primary key,
    epoch uuid not null unique default gen_random_uuid(),
    began_behind bigint not null,  -- the last position that the epoch before left behind
    began_at timestamptz not null default now()
);
insert into epochs (began_behind) values (0);

create table store_head (
    only_row boolean primary key default true check (only_row),
    epoch uuid not null references epochs (epoch),
    position bigint not null default 0,
    count bigint not null default 0,
    hash bytea not null default ''::bytea  -- SHA-256 of the one before and the event's hash, event by event
) with (fillfactor = 10);
insert into store_head (epoch) select epoch from epochs;


create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'events are append-only: % is refused', lower(tg_op) using errcode = 'insufficient_privilege';
end $$;

create trigger events_are_append_only before update or delete or truncate on events
    for each statement execute function refuse_change();
alter table events enable always trigger events_are_append_only;


-- Appends a batch of entries; each is all or nothing, and none depends on another: a batch holds at most one entry that
-- writes a stream (and then no other that expects it), a claim, a command id or a source. Everything that happens under
-- the lock is one call: no round trip while it is held.
--
-- The arrays of a group (head_*, event_*, …) run in parallel. Entries are numbered from 1, `entry_events` says how many
-- events each has; events stand in the order of their entries. `event_head` is the place of the event's stream among
-- head_*, `event_nth` its place among the entry's events on that stream, both from 1.
--
-- `positions`: by entry, its last event's position; where it holds none, that of the last event before it. `refused`:
-- the entries of which nothing was written, with the same place in `verdicts`: repeated (one of its event ids or its
-- command id is stored already), conflict (a stream or a source is not where it was expected) or claimed (then `taken`
-- is the place of the claim among claim_*).
create function append_events(
    entry_events integer[],
    head_entry integer[], head_stream text[], head_version bigint[], head_hash bytea[], head_written boolean[],
    event_head integer[], event_nth integer[], event_id uuid[], event_type text[], event_schema integer[],
    event_data text[], event_metadata text[], event_hash bytea[], event_at timestamptz[],
    claim_entry integer[], claim_kind text[], claim_value text[], claim_stream text[], claim_take boolean[],
    receipt_entry integer[], receipt_command uuid[], receipt_digest bytea[], receipt_outcome text[],
    source_entry integer[], source_name text[], source_epoch uuid[], source_seen bigint[], source_position bigint[],
    out positions bigint[], out refused integer[], out verdicts text[], out taken integer[]
) language plpgsql security definer
    set search_path = public, pg_temp
    set lock_timeout = '4s'
    -- Plans are made once and must stay good while the tables grow from nothing: always by index.
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
    set jit = off
as $$
declare
    base bigint;
    running bytea;
    added integer;
    one bytea;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append_events() needs read committed: its checks must see what committed before its lock';
    end if;
    if current_setting('synchronous_commit') = 'off' then
        perform set_config('synchronous_commit', 'on', true);  -- an acknowledged command is never lost
    end if;
    if false = any (head_written) and exists (  -- such entries would need an order, and a batch has none
        select from unnest(head_stream, head_written) as h (stream, written)
        group by h.stream having count(*) > 1 and bool_or(h.written)
    ) then
        raise exception 'a stream that one entry of the batch writes is expected by another';
    end if;

    perform pg_advisory_xact_lock(4702111234474983745);

    select h.position, h.hash into strict base, running from store_head h;

    select array_agg(v.entry), array_agg(v.verdict), array_agg(v.claim) into refused, verdicts, taken
    from (
        select h.entry, 'conflict' as verdict, null::integer as claim
        from unnest(head_entry, head_stream, head_version, head_hash) as h (entry, stream, version, hash)
        left join lateral (
            select e.version, e.hash from events e where e.stream = h.stream order by e.version desc limit 1
        ) as present on true
        where coalesce(present.version, 0) <> h.version or coalesce(present.hash, ''::bytea) <> h.hash
        union all
        select head_entry[e.head], 'repeated', null
        from unnest(event_head, event_id) as e (head, id) join events on events.event_id = e.id
        union all
        select r.entry, 'repeated', null
        from unnest(receipt_entry, receipt_command) as r (entry, command)
        join receipts on receipts.command_id = r.command
    ) as v;

    if cardinality(claim_entry) > 0 then
        select refused || array_agg(c.entry), verdicts || array_agg('claimed'::text), taken || array_agg(c.n::integer)
        into refused, verdicts, taken
        from unnest(claim_entry, claim_kind, claim_value, claim_stream, claim_take)
            with ordinality as c (entry, kind, value, stream, take, n)
        join claims on claims.kind = c.kind and claims.value = c.value
        where c.take and claims.stream <> c.stream and not exists (  -- unless the same entry releases it
            select from unnest(claim_entry, claim_kind, claim_value, claim_stream, claim_take)
                as r (entry, kind, value, stream, take)
            where not r.take and r.entry = c.entry and r.kind = c.kind and r.value = c.value
                and r.stream = claims.stream
        );
    end if;

    if cardinality(source_entry) > 0 then
        select refused || array_agg(s.entry), verdicts || array_agg('conflict'::text), taken || array_agg(null::integer)
        into refused, verdicts, taken
        from unnest(source_entry, source_name, source_seen) as s (entry, source, seen)
        left join sources on sources.source = s.source
        where coalesce(sources.position, 0) <> s.seen;
    end if;

    if refused is not null then  -- one verdict an entry, and on without these entries
        select array_agg(v.entry), array_agg(v.verdict), array_agg(v.claim) into refused, verdicts, taken
        from (
            select distinct on (v.entry) v.entry, v.verdict, v.claim
            from unnest(refused, verdicts, taken) as v (entry, verdict, claim)
            order by v.entry, array_position(array['repeated', 'conflict', 'claimed'], v.verdict)
        ) as v;
        select array_agg(e.head order by e.n), array_agg(e.nth order by e.n), array_agg(e.id order by e.n),
            array_agg(e.type order by e.n), array_agg(e.schema order by e.n), array_agg(e.data order by e.n),
            array_agg(e.metadata order by e.n), array_agg(e.hash order by e.n), array_agg(e.at order by e.n)
        into event_head, event_nth, event_id, event_type, event_schema, event_data, event_metadata, event_hash, event_at
        from unnest(
            event_head, event_nth, event_id, event_type, event_schema, event_data, event_metadata, event_hash, event_at
        ) with ordinality as e (head, nth, id, type, schema, data, metadata, hash, at, n)
        where head_entry[e.head] <> all (refused);
    end if;

    select array_agg(base + c.upto order by c.entry) into positions
    from (
        select e.entry, sum(case when e.entry = any (refused) then 0 else e.events end) over (order by e.entry) as upto
        from unnest(entry_events) with ordinality as e (events, entry)
    ) as c;

    added := coalesce(cardinality(event_head), 0);
    if added > 0 then
        insert into events (
            position, stream, version, event_id, type_name, schema_version, data, metadata, hash, recorded_at
        )
        select base + e.n, head_stream[e.head], head_version[e.head] + e.nth, e.id, e.type, e.schema, e.data, e.metadata,
            e.hash, e.at
        from unnest(
            event_head, event_nth, event_id, event_type, event_schema, event_data, event_metadata, event_hash, event_at
        ) with ordinality as e (head, nth, id, type, schema, data, metadata, hash, at, n);

        foreach one in array event_hash loop
            running := sha256(running || one);
        end loop;
        update store_head set position = base + added, count = count + added, hash = running;
    end if;

    if cardinality(claim_entry) > 0 then
        delete from claims using unnest(claim_entry, claim_kind, claim_value, claim_stream, claim_take)
            as c (entry, kind, value, stream, take)
        where not c.take and claims.kind = c.kind and claims.value = c.value and claims.stream = c.stream
            and c.entry <> all (coalesce(refused, '{}'));
        insert into claims (kind, value, stream)
        select c.kind, c.value, c.stream
        from unnest(claim_entry, claim_kind, claim_value, claim_stream, claim_take)
            as c (entry, kind, value, stream, take)
        where c.take and c.entry <> all (coalesce(refused, '{}'))
        on conflict (kind, value) do update set stream = excluded.stream;  -- its own; fails for two of one batch
    end if;

    if cardinality(receipt_entry) > 0 then
        insert into receipts (command_id, digest, outcome, position)
        select r.command, r.digest, r.outcome, positions[r.entry]
        from unnest(receipt_entry, receipt_command, receipt_digest, receipt_outcome)
            as r (entry, command, digest, outcome)
        where r.entry <> all (coalesce(refused, '{}'));
    end if;

    if cardinality(source_entry) > 0 then
        insert into sources (source, epoch, position)
        select s.source, s.epoch, s.position
        from unnest(source_entry, source_name, source_epoch, source_position) as s (entry, source, epoch, position)
        where s.entry <> all (coalesce(refused, '{}'))
        on conflict (source) do update set epoch = excluded.epoch, position = excluded.position;
    end if;
end $$;


-- Moves a consumer's row in the transaction of its effect, for effects that are rows and not events. False: it was not
-- at `seen` (0: not there), so another replica has taken these events; the transaction must be rolled back.
create function move_source(name text, new_epoch uuid, seen bigint, new_position bigint) returns boolean
    language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    update sources set epoch = new_epoch, position = new_position where source = name and position = seen;
    if not found and seen = 0 then
        insert into sources (source, epoch, position) values (name, new_epoch, new_position) on conflict do nothing;
    end if;
    return found;
end $$;


create function purge_receipts(before timestamptz, most integer) returns integer
    language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    purged integer;
begin
    delete from receipts where command_id = any (
        array(select r.command_id from receipts r where r.made_at < before limit most)
    );
    get diagnostics purged = row_count;
    return purged;
end $$;


-- The wrapped keys of people: the stored ones, and `fresh` ones where there were none; null: destroyed.
create function take_person_keys(people text[], fresh bytea[]) returns table (person text, wrapped_key bytea)
    language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column
begin
    insert into person_keys (person, wrapped_key)
    select n.person, n.wrapped_key from unnest(people, fresh) as n (person, wrapped_key) order by n.person
    on conflict do nothing;
    return query select k.person, k.wrapped_key from person_keys k where k.person = any (people);
end $$;


create function destroy_person_key(whose text) returns void
    language sql security definer set search_path = public, pg_temp
as $$
    insert into person_keys (person, wrapped_key, destroyed_at) values (whose, null, now())
    on conflict (person) do update set wrapped_key = null, destroyed_at = coalesce(person_keys.destroyed_at, now());
$$;


-- For the operator after a restore to an earlier point: consumers must not take new events for ones they have seen.
create function start_epoch() returns uuid
    language sql set search_path = public, pg_temp
as $$
    with begun as (insert into epochs (began_behind) select position from store_head returning epoch)
    update store_head set epoch = begun.epoch from begun returning store_head.epoch;
$$;


do $$
declare
    app text := current_database();  -- while migrating, the service's role has the name of its database
begin
    revoke execute on all functions in schema public from public;
    execute format('grant select on events, claims, receipts, sources, person_keys, store_head, epochs to %I', app);
    execute format('grant execute on function append_events, move_source, purge_receipts, take_person_keys, '
        'destroy_person_key to %I', app);
end $$;
