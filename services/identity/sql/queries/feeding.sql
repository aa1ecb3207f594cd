-- The queries that feed read models: they name tables without a schema, so that a rebuild can fill others.

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

-- name: load_deployments
select to_jsonb(d) as row from deployments d where id = any($1::text[])

-- name: delete_deployments
delete from deployments where id = any($1::text[])

-- name: insert_deployments
insert into deployments select * from jsonb_populate_recordset(null::deployments, $1::jsonb)

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

-- name: load_teams
select to_jsonb(t) as row from teams t where id = any($1::text[])

-- name: delete_teams
delete from teams where id = any($1::text[])

-- name: insert_teams
insert into teams select * from jsonb_populate_recordset(null::teams, $1::jsonb)

-- name: load_team_members
select id, to_jsonb(m)::text as row from team_members m where id = any($1::text[])

-- name: delete_team_members
delete from team_members where id = any($1::text[]) or team_id = any($2::text[])

-- name: insert_team_members
insert into team_members select * from jsonb_populate_recordset(null::team_members, $1::jsonb)

-- name: load_team_bindings
select id, to_jsonb(b)::text as row from team_bindings b where id = any($1::text[])

-- name: delete_team_bindings
delete from team_bindings where id = any($1::text[]) or team_id = any($2::text[])

-- name: insert_team_bindings
insert into team_bindings select * from jsonb_populate_recordset(null::team_bindings, $1::jsonb)

-- name: count_more
-- $1 of what, $2 so many more.
insert into totals as total (id, number) values ($1, $2)
on conflict (id) do update set number = total.number + excluded.number
