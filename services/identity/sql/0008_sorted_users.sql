-- The orders in which people can be listed, and how many there are.
--
-- Why: as for teams. The numbers of both stand in one table, as clients are told them with every page.

alter table read.team_totals rename to totals;
alter table read.totals rename column teams to number;
update read.totals set id = 'teams';
insert into read.totals (id, number) select 'users', count(*) from read.users having count(*) > 0;

drop index read.users_by_creation;
drop index read.users_by_change;
create index users_by_creation on read.users (created_at, id);
create index users_by_change on read.users (updated_at, id);
create index users_by_email_and_id on read.users (email, id);
create index users_by_email_down on read.users (email desc, id);
create index users_by_name on read.users ((full_name collate "C"), id);
create index users_by_name_down on read.users ((full_name collate "C") desc, id);
