-- The keys that sign tokens.

-- name: lock_signing_keys
select pg_advisory_xact_lock(hashtextextended('signing keys', 0))

-- name: add_signing_key
-- $1 name, $2 and $3 its halves, $4 when it is made, $5 when it begins to sign, $6 not if one was made after this; null
-- means that it is made in any case.
insert into signing_keys (kid, public_key, private_key, created_at, signs_from)
select $1, $2, $3, $4, $5
where $6::timestamptz is null
    or not exists (select from signing_keys where created_at > $6 and revoked_at is null)
on conflict (kid) do nothing

-- name: revoke_signing_key
update signing_keys set revoked_at = coalesce(revoked_at, $2) where kid = $1

-- name: signing_keys
select kid, public_key, private_key, created_at, signs_from, revoked_at from signing_keys order by signs_from, kid
