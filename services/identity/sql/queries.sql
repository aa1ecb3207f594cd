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

-- name: sessions_to_end
select id from read.sessions where user_id = $1 order by id limit $2

-- name: people_to_clear
select user_id as id from (
    select user_id from read.role_bindings where entity = $1
    union
    select user_id from read.invitations where scope = $1
) found
order by user_id
limit $2

-- name: service_accounts_to_clear
select id from read.service_accounts where entity = $1 order by id limit $2
