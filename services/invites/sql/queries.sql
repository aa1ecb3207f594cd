-- The named queries of invites. The finds take the same parameters, all but the leading one optional:
-- $1 ids, $2 scopes, $3 people, $4 only pending ones, $5 after this id, $6 at most so many.

-- name: load_invites
select to_jsonb(i) as row from invites i where id = any($1::text[])

-- name: delete_invites
delete from invites where id = any($1::text[])

-- name: insert_invites
insert into invites select * from jsonb_populate_recordset(null::invites, $1::jsonb)

-- name: find_by_ids
select to_jsonb(i) as row
from read.invites i
where id = any($1::text[])
    and ($2::text[] is null or scope = any($2::text[]))
    and ($3::text[] is null or user_id = any($3::text[]))
    and (not $4::boolean or status = 'pending')
    and id > $5
order by id
limit $6

-- name: find_by_users
select to_jsonb(i) as row
from read.invites i
where user_id = any($3::text[])
    and ($1::text[] is null or id = any($1::text[]))
    and ($2::text[] is null or scope = any($2::text[]))
    and (not $4::boolean or status = 'pending')
    and id > $5
order by id
limit $6

-- name: find_by_scopes
select to_jsonb(i) as row
from read.invites i
where scope = any($2::text[])
    and ($1::text[] is null or id = any($1::text[]))
    and ($3::text[] is null or user_id = any($3::text[]))
    and (not $4::boolean or status = 'pending')
    and id > $5
order by id
limit $6

-- name: find_pending
select to_jsonb(i) as row
from read.invites i
where status = 'pending'
    and id > $1
order by id
limit $2

-- name: find_all
select to_jsonb(i) as row
from read.invites i
where id > $1
order by id
limit $2

-- name: pending_of_user
select id from read.invites where user_id = $1 and status = 'pending' order by id
