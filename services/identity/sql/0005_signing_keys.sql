-- Signing keys that follow one another, and that can be taken away.
--
-- Why: a new key signs some seconds after it was made, so that every replica and every reader of the public halves knows
-- it before they meet it; a key that is taken away verifies nothing from the same moment on, in every replica.

alter table signing_keys
    add column signs_from timestamptz not null default now(),
    add column revoked_at timestamptz;

do $$ begin
    execute format('grant update (revoked_at) on signing_keys to %I', current_database());
end $$;
