-- Questions about service accounts; all name the schema.

-- Service accounts: $1 after this id, $2 at most so many. Those of what is gone are void.

-- name: service_accounts_by_ids
select (to_jsonb(a) || jsonb_build_object('last_used_at', u.used_at))::text as row
from read.service_accounts a
left join credential_uses u on u.credential_id = a.id
where a.id = any($3::text[]) and a.id > $1
    and (
        a.entity = 'system'
        or (select true from read.workspaces w where w.id = substr(a.entity, 11))
        or (select true from read.deployments d where d.id = substr(a.entity, 12))
    )
order by a.id
limit $2

-- name: service_accounts_of_entities
-- No more than a page is read of each entity ($3).
select (to_jsonb(a) || jsonb_build_object('last_used_at', u.used_at))::text as row
from unnest($3::text[]) place (entity)
cross join lateral (
    select a.* from read.service_accounts a where a.entity = place.entity and a.id > $1 order by a.id limit $2
) a
left join credential_uses u on u.credential_id = a.id
where a.entity = 'system'
    or (select true from read.workspaces w where w.id = substr(a.entity, 11))
    or (select true from read.deployments d where d.id = substr(a.entity, 12))
order by a.id
limit $2

-- name: service_accounts_with_key
select (to_jsonb(a) || jsonb_build_object('last_used_at', u.used_at))::text as row
from read.service_accounts a
left join credential_uses u on u.credential_id = a.id
where a.key_digest = $3 and a.id > $1
    and (
        a.entity = 'system'
        or (select true from read.workspaces w where w.id = substr(a.entity, 11))
        or (select true from read.deployments d where d.id = substr(a.entity, 12))
    )
order by a.id
limit $2

-- name: note_uses
-- $1 service accounts, $2 when each was used last.
insert into credential_uses (credential_id, used_at)
select * from unnest($1::text[], $2::timestamptz[])
on conflict (credential_id) do update set used_at = greatest(credential_uses.used_at, excluded.used_at)

-- name: forget_uses
-- Of service accounts that are gone.
delete from credential_uses u where not exists (select from read.service_accounts a where a.id = u.credential_id)
