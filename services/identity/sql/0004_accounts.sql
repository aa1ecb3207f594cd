-- What accounts need besides: avatars, the generation of a person's sessions, and the counts of failed proofs.
--
-- Why: a new password or a suspension ends all sessions of a person at once, however many they are: those of an older
-- generation are ended, whatever their own streams say by then.

alter table read.users add column avatar_url text not null default '';
alter table read.users add column session_generation integer not null default 0;
alter table read.sessions add column generation integer not null default 0;

-- How often a secret was proved wrongly, by account and by source; both are HMACs, so that the table names nobody.
-- Counters, not events: they count up within one statement, and are purged after 90 days. `source` '' stands for all
-- sources of an account, `account` '' for all accounts of a source. `known`: the source has proved a secret of the
-- account, so what strangers do to the account does not lock it out.
create table sign_in_failures (
    account text collate "C" not null,
    source text collate "C" not null,
    failures integer not null,
    failed_at timestamptz not null,
    locked_until timestamptz not null default '-infinity',
    known boolean not null default false,
    primary key (account, source)
);
create index sign_in_failures_by_age on sign_in_failures (failed_at);

do $$ begin
    execute format('grant select, insert, update, delete on sign_in_failures to %I', current_database());
end $$;
