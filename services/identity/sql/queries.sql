-- The named queries of identity. Those that feed read models name tables without a schema, so that a rebuild can fill
-- others; all that answer questions name the schema.

-- name: load_users
select to_jsonb(u) as row from users u where id = any($1::text[])

-- name: delete_users
delete from users where id = any($1::text[])

-- name: insert_users
insert into users select * from jsonb_populate_recordset(null::users, $1::jsonb)

-- name: load_bindings
select id, to_jsonb(b)::text as row from role_bindings b where id = any($1::text[])

-- name: delete_bindings
delete from role_bindings where id = any($1::text[]) or user_id = any($2::text[])

-- name: insert_bindings
insert into role_bindings select * from jsonb_populate_recordset(null::role_bindings, $1::jsonb)

-- name: load_invitations
select id, to_jsonb(i)::text as row from invitations i where id = any($1::text[])

-- name: delete_invitations
delete from invitations where id = any($1::text[]) or user_id = any($2::text[])

-- name: insert_invitations
insert into invitations select * from jsonb_populate_recordset(null::invitations, $1::jsonb)

-- name: load_workspaces
select to_jsonb(w) as row from workspaces w where id = any($1::text[])

-- name: delete_workspaces
delete from workspaces where id = any($1::text[])

-- name: insert_workspaces
insert into workspaces select * from jsonb_populate_recordset(null::workspaces, $1::jsonb)

-- name: load_service_accounts
select to_jsonb(a) as row from service_accounts a where id = any($1::text[])

-- name: delete_service_accounts
delete from service_accounts where id = any($1::text[])

-- name: insert_service_accounts
insert into service_accounts select * from jsonb_populate_recordset(null::service_accounts, $1::jsonb)

-- name: load_sessions
select to_jsonb(s) as row from sessions s where id = any($1::text[])

-- name: delete_sessions
delete from sessions where id = any($1::text[])

-- name: insert_sessions
insert into sessions select * from jsonb_populate_recordset(null::sessions, $1::jsonb)

-- name: lock_signing_keys
select pg_advisory_xact_lock(hashtextextended('signing keys', 0))

-- name: first_signing_key
insert into signing_keys (kid, public_key, private_key)
select $1, $2, $3
where not exists (select from signing_keys)

-- name: signing_keys
select kid, private_key from signing_keys order by created_at, kid

-- What is to be cleared away: $1 of whom or what, $2 those after this id, $3 at most so many.

-- name: sessions_to_end
select id from read.sessions where user_id = $1 and id > $2 order by id limit $3

-- name: people_to_clear
select user_id as id from (
    select user_id from read.role_bindings where entity = $1 and user_id > $2
    union
    select user_id from read.invitations where scope = $1 and user_id > $2
) found
order by user_id
limit $3

-- name: service_accounts_to_clear
select id from read.service_accounts where entity = $1 and id > $2 order by id limit $3

-- name: person_at_sign_in
-- $1 session, $2 person, $3 most roles. A session's stream has one event until it ends.
select
    (select to_jsonb(u)::text from read.users u where u.id = $2) as person,
    (select max(e.version) from events e where e.stream = 'user-' || $2) as person_version,
    (select max(e.version) from events e where e.stream = 'session-' || $1) as session_version,
    (
        select jsonb_agg(to_jsonb(found))::text from (
            select b.* from read.role_bindings b
            where b.user_id = $2 and (
                b.entity not like 'workspace:%'
                or exists (select from read.workspaces w where w.id = substr(b.entity, 11))
            )
            order by b.entity <> 'system', b.id
            limit $3
        ) found
    ) as roles

-- name: roles_of_people
-- $1 persons, $2 most roles of each, $3 all of them, $4 the asker, $5 entities whose members are seen. Roles in a
-- workspace that is gone are void.
select found.user_id, to_jsonb(found)::text as row
from unnest($1::text[]) wanted (id)
cross join lateral (
    select b.* from read.role_bindings b
    where b.user_id = wanted.id and ($3 or b.user_id = $4 or b.entity = any($5::text[])) and (
        b.entity not like 'workspace:%'
        or exists (select from read.workspaces w where w.id = substr(b.entity, 11))
    )
    order by b.entity <> 'system', b.id
    limit $2
) found

-- name: grants_of_person
select b.role, b.entity
from read.role_bindings b
where b.user_id = $1 and (
    b.entity not like 'workspace:%' or exists (select from read.workspaces w where w.id = substr(b.entity, 11))
)
order by b.id

-- People, one query for each filter that has an index. $1 after this id, $2 at most so many, $3 ids, $4 address,
-- $5 username in lower case, $6 full name, $7 made at, $8 changed at; the first that is given chooses the query.

-- name: users_by_ids
select to_jsonb(u)::text as row
from read.users u
where u.id = any($3::text[]) and u.id > $1 and u.status <> 'invited'
    and ($4 = '' or u.email = $4) and ($5 = '' or lower(u.username) = $5) and ($6 = '' or u.full_name = $6)
    and ($7::timestamptz is null or u.created_at = $7) and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_email
select to_jsonb(u)::text as row
from read.users u
where u.email = $4 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($5 = '' or lower(u.username) = $5)
    and ($6 = '' or u.full_name = $6)
    and ($7::timestamptz is null or u.created_at = $7) and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_username
select to_jsonb(u)::text as row
from read.users u
where lower(u.username) = $5 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($4 = '' or u.email = $4) and ($6 = '' or u.full_name = $6)
    and ($7::timestamptz is null or u.created_at = $7) and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_full_name
select to_jsonb(u)::text as row
from read.users u
where u.full_name = $6 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($4 = '' or u.email = $4)
    and ($5 = '' or lower(u.username) = $5)
    and ($7::timestamptz is null or u.created_at = $7) and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_creation
select to_jsonb(u)::text as row
from read.users u
where u.created_at = $7 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($4 = '' or u.email = $4)
    and ($5 = '' or lower(u.username) = $5) and ($6 = '' or u.full_name = $6)
    and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_change
select to_jsonb(u)::text as row
from read.users u
where u.updated_at = $8 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($4 = '' or u.email = $4)
    and ($5 = '' or lower(u.username) = $5) and ($6 = '' or u.full_name = $6)
    and ($7::timestamptz is null or u.created_at = $7)
order by u.id
limit $2

-- name: users_all
select to_jsonb(u)::text as row
from read.users u
where u.id > $1 and u.status <> 'invited'
order by u.id
limit $2

-- name: users_seen
-- $1 ids, $2 after this id, $3 everybody, $4 the asker, $5 and $6 entities whose members and invited are seen.
select to_jsonb(u)::text as row
from read.users u
where u.id = any($1::text[]) and u.id > $2 and (
    $3 or u.id = $4
    or exists (select from read.role_bindings b where b.user_id = u.id and b.entity = any($5::text[]))
    or exists (select from read.invitations i where i.user_id = u.id and i.scope = any($6::text[]))
)
order by u.id

-- name: bindings_of_people
-- $1 persons, $2 after this binding, $3 at most so many, $4 all, $5 the asker, $6 entities whose members are seen.
select to_jsonb(b)::text as row
from read.role_bindings b
where b.user_id = any($1::text[]) and b.id > $2 and ($4 or b.user_id = $5 or b.entity = any($6::text[])) and (
    b.entity not like 'workspace:%' or exists (select from read.workspaces w where w.id = substr(b.entity, 11))
)
order by b.id
limit $3

-- name: members
-- $1 entities of workspaces, $2 after this binding, $3 at most so many.
select to_jsonb(b)::text as binding, to_jsonb(u)::text as person
from read.role_bindings b
join read.users u on u.id = b.user_id
where b.entity = any($1::text[]) and b.id > $2
    and exists (select from read.workspaces w where w.id = substr(b.entity, 11))
order by b.id
limit $3

-- name: members_who_are
-- As above, of one person ($4).
select to_jsonb(b)::text as binding, to_jsonb(u)::text as person
from read.role_bindings b
join read.users u on u.id = b.user_id
where b.user_id = $4 and b.entity = any($1::text[]) and b.id > $2
    and exists (select from read.workspaces w where w.id = substr(b.entity, 11))
order by b.id
limit $3

-- name: person_with_address
select id, status from read.users where email = $1

-- Workspaces: $1 after this id, $2 at most so many, $3 a label or "".

-- name: workspaces_by_ids
select to_jsonb(w)::text as row
from read.workspaces w
where w.id = any($4::text[]) and w.id > $1 and ($3 = '' or w.label = $3)
order by w.id
limit $2

-- name: workspaces_of_user
select to_jsonb(w)::text as row
from read.role_bindings b
join read.workspaces w on w.id = substr(b.entity, 11)
where b.user_id = $4 and b.entity like 'workspace:%' and w.id > $1 and ($3 = '' or w.label = $3)
order by w.id
limit $2

-- name: workspaces_with_label
select to_jsonb(w)::text as row
from read.workspaces w
where w.label = $3 and w.id > $1
order by w.id
limit $2

-- name: workspaces_all
select to_jsonb(w)::text as row
from read.workspaces w
where w.id > $1 and $3 = ''
order by w.id
limit $2

-- Service accounts: $1 after this id, $2 at most so many. Those of a workspace that is gone are void.

-- name: service_accounts_by_ids
select to_jsonb(a)::text as row
from read.service_accounts a
where a.id = any($3::text[]) and a.id > $1
    and (a.entity = 'system' or exists (select from read.workspaces w where w.id = substr(a.entity, 11)))
order by a.id
limit $2

-- name: service_accounts_of_entities
select to_jsonb(a)::text as row
from read.service_accounts a
where a.entity = any($3::text[]) and a.id > $1
    and (a.entity = 'system' or exists (select from read.workspaces w where w.id = substr(a.entity, 11)))
order by a.id
limit $2

-- name: service_accounts_with_key
select to_jsonb(a)::text as row
from read.service_accounts a
where a.key_digest = $3 and a.id > $1
    and (a.entity = 'system' or exists (select from read.workspaces w where w.id = substr(a.entity, 11)))
order by a.id
limit $2
