-- Counts of failed proofs of a secret, and of wishes that mail a link; written one row a statement, those of a failure
-- always in the order pair, source, account.

-- name: standing
-- $1 account, $2 source, $3 now: how the pair, the source and the account stand.
select account, source, known, failures, locked_until > $3 as locked
from sign_in_failures
where account in ($1, '') and source in ($2, '')

-- name: count_loosely
-- A count that is lost with the server costs nothing; waiting for the disk would, in a storm.
set local synchronous_commit = off

-- name: count_failure
-- $1 account, $2 source, $3 now, $4 most failures, $5 first and $6 longest time of being shut, $7 memory.
-- No row: it is shut, and what comes meanwhile counts for nothing.
insert into sign_in_failures as f (account, source, failures, failed_at)
values ($1, $2, 1, $3)
on conflict (account, source) do update set
    failures = case when f.failed_at < $3::timestamptz - $7::interval then 1 else f.failures + 1 end,
    failed_at = greatest(f.failed_at, $3),
    locked_until = case
        when f.failed_at >= $3::timestamptz - $7::interval and f.failures + 1 >= $4::integer
        then $3::timestamptz + least($6::interval, $5::interval * power(2, least(f.failures + 1 - $4::integer, 16)))
        else '-infinity'
    end
where f.locked_until <= $3
returning known

-- name: clear_failures
-- $1 account, $2 source, $3 now. The source has proved a secret of the account.
insert into sign_in_failures as f (account, source, failures, failed_at, known)
values ($1, $2, 0, $3, true)
on conflict (account, source) do update set
    failures = 0, failed_at = greatest(f.failed_at, $3), locked_until = '-infinity', known = true

-- name: purge_failures
-- Strangers' counts mean nothing after a day: no limit remembers longer, and none is shut for as long.
delete from sign_in_failures
where failed_at < now() - interval '1 day' and (not known or failed_at < now() - interval '90 days')
