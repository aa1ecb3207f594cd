-- What is to be cleared away after somebody or something is gone.

-- What is to be cleared away: $1 of whom or what, $2 those after this id, $3 at most so many.

-- name: sessions_to_end
-- Those of older generations; all where the person is gone.
select s.id from read.sessions s
where s.user_id = $1 and s.id > $2
    and s.generation < coalesce((select u.session_generation from read.users u where u.id = s.user_id), 2147483647)
order by s.id
limit $3

-- name: people_to_clear
select user_id as id from (
    (select user_id from read.role_bindings where entity = $1 and user_id > $2 order by user_id limit $3)
    union
    (select user_id from read.invitations where scope = $1 and user_id > $2 order by user_id limit $3)
) found
order by user_id
limit $3

-- name: service_accounts_to_clear
select id from read.service_accounts where entity = $1 and id > $2 order by id limit $3

-- name: teams_to_clear
select team_id as id from read.team_bindings where entity = $1 and team_id > $2 order by team_id limit $3

-- name: memberships_to_end
-- Null for at most so many: all.
select team_id as id from read.team_members where user_id = $1 and team_id > $2 order by team_id limit $3
