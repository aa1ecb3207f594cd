"""Uses of keys: written in batches, seldom for one key, forgotten with it."""

from datetime import timedelta

import asyncpg

from services.identity.contract import CredentialId, DeleteServiceAccount
from services.identity.handlers.uses import SELDOM, Uses
from shared.clock import utc_now
from tests.integration.identity.service import Identity


async def test_a_use_is_written_at_most_once_a_minute_and_key(identity: Identity) -> None:
    ann = await identity.sign_up()
    one, two = [(await identity.account(ann, key=key * 32)).id for key in "ab"]
    start = utc_now()
    pool = await asyncpg.create_pool(identity.database.app_dsn, min_size=1, max_size=1)
    try:
        uses = Uses(pool)

        async def written() -> dict[str, object]:
            await uses.write()
            return {row["credential_id"]: row["used_at"] for row in await identity.fetch("table credential_uses")}

        for seconds in range(40):
            uses.note(one, at=start + timedelta(seconds=seconds))
        uses.note(two, at=start)
        assert await written() == {one: start, two: start}
        uses.note(one, at=start + timedelta(seconds=50))
        assert await written() == {one: start, two: start}
        uses.note(one, at=start + SELDOM)
        assert await written() == {one: start + SELDOM, two: start}
        other = Uses(pool)  # another replica that is behind
        other.note(one, at=start)
        await other.write()
        assert await written() == {one: start + SELDOM, two: start}
    finally:
        await pool.close()


async def test_uses_of_a_deleted_key_are_forgotten(identity: Identity) -> None:
    ann = await identity.sign_up()
    account = await identity.account(ann)
    pool = await asyncpg.create_pool(identity.database.app_dsn, min_size=1, max_size=1)
    try:
        for id_ in (account.id, CredentialId("cgone")):
            await identity.fetch("insert into credential_uses values ($1, now())", id_)
        await Uses(pool).write()
        assert [row["credential_id"] for row in await identity.fetch("table credential_uses")] == [account.id]
        await identity.ask(DeleteServiceAccount(credential_id=account.id), ann.now)
        await Uses(pool).write()
        assert await identity.fetch("table credential_uses") == []
    finally:
        await pool.close()
