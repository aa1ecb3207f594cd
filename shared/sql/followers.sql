-- The named queries of the outbox and of the status of followers.

-- name: write_jobs
insert into public.outbox (kind, key, payload, origin, not_before)
select j.kind, j.key, j.payload, j.origin, j.not_before
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
    with ordinality as j (kind, key, payload, origin, not_before, n)
order by j.n
on conflict (kind, key) do nothing

-- name: claim_jobs
with due as (
    select id from public.outbox
    where kind = $1 and done_at is null and dead_at is null and not_before <= now()
        and (leased_until is null or leased_until < now())
    order by not_before, id
    limit $2
    for update skip locked
)
update public.outbox set
    lease = $3, leased_until = now() + $4::interval, attempts = attempts + 1, deaths = deaths + (lease is not null)::integer
from due where outbox.id = due.id
returning outbox.id, outbox.key, outbox.payload, outbox.origin, outbox.attempts, outbox.deaths

-- name: renew_jobs
update public.outbox set leased_until = now() + $3::interval
where id = any($1::bigint[]) and lease = $2
returning id

-- name: finish_job
update public.outbox set done_at = now(), lease = null, leased_until = null, error = ''
where id = $1 and lease = $2

-- name: retry_job
update public.outbox set not_before = now() + $3::interval, lease = null, leased_until = null, error = $4
where id = $1 and lease = $2

-- name: bury_job
update public.outbox set dead_at = now(), lease = null, leased_until = null, error = $3
where id = $1 and lease = $2

-- name: release_jobs
update public.outbox set lease = null, leased_until = null, attempts = attempts - 1
where lease = $1

-- name: requeue_job
update public.outbox set dead_at = null, attempts = 0, deaths = 0, not_before = now()
where id = $1 and dead_at is not null
returning true

-- name: places
select
    (select coalesce(json_object_agg(c.name, c.position), '{}') from public.checkpoints c) as checkpoints,
    (select coalesce(json_object_agg(s.source, s.position), '{}') from public.sources s) as sources,
    (select coalesce(json_agg(json_build_array(p.follower, p.stream)), '[]') from public.parked_streams p) as parked

-- name: parked
select follower, stream, position, error, parked_at from public.parked_streams order by follower, parked_at, stream

-- name: outbox_status
select kind, count(*) filter (where dead_at is not null) as dead,
    count(*) filter (where dead_at is null and (attempts > 0 or not_before <= now())) as waiting,
    count(*) filter (where dead_at is null and attempts = 0 and not_before > now()) as later
from public.outbox where done_at is null group by kind order by kind

-- name: dead_letters
select id, kind, key, attempts, error, dead_at from public.outbox where dead_at is not null order by kind, id limit 1000

-- name: epoch
select h.epoch, h.position, coalesce(
    (
        select min(later.began_behind) from public.epochs later
        where later.number > (select known.number from public.epochs known where known.epoch = $1)
    ),
    present.began_behind
) as since
from public.store_head h join public.epochs present on present.epoch = h.epoch
