"""The keys that sign tokens: they follow one another under load, and can be taken away."""

import asyncio

import pytest

from services.identity.contract import (
    Authenticate,
    RevokeSigningKey,
    RotateSigningKey,
    Rule,
    SignIn,
    SigningKeyRow,
    SigningKeys,
    SigningKeyState,
)
from shared.auth import Principal
from shared.errors import Forbidden, NotFound, Rejected, Unauthenticated
from shared.ids import new_message_id
from tests.integration.bus import until
from tests.integration.identity.service import PASSWORD, Identity

QUICK = 1.0
"""Seconds for which a new key is known before it signs; in these tests one does not want to wait for ten."""


async def state_of(identity: Identity, key_id: str) -> SigningKeyState | None:
    """Return where a key stands, None while the replica that answers has not seen it yet."""
    return next((key.state for key in await keys(identity) if key.id == key_id), None)


async def keys(identity: Identity) -> tuple[SigningKeyRow, ...]:
    return (await identity.ask(SigningKeys())).rows


async def sign_in(identity: Identity) -> str:
    signed = await identity.ask(SignIn(identity="ann@example.com", password=PASSWORD))
    assert signed.session is not None
    return signed.session.token


async def rotated(identity: Identity, admin: Principal) -> SigningKeyRow:
    """Return a new key once it signs."""
    key = await identity.ask(RotateSigningKey(), admin)
    assert key.state is SigningKeyState.NEXT
    await until(lambda: _signs(identity, key.id))
    return key


async def _signs(identity: Identity, key_id: str) -> bool:
    return await state_of(identity, key_id) is SigningKeyState.SIGNING


async def test_a_retired_key_verifies_until_it_is_taken_away(stopped: Identity) -> None:
    await stopped.start(signing_key_overlap_s=QUICK)
    await stopped.start(signing_key_overlap_s=QUICK)
    ann = await stopped.sign_up()
    admin = await stopped.principal(ann.token)
    (first,) = await keys(stopped)

    await rotated(stopped, admin)
    newer = await sign_in(stopped)
    assert await state_of(stopped, first.id) is SigningKeyState.RETIRED
    assert (await stopped.principal(ann.token)).subject == admin.subject

    gone = await stopped.ask(RevokeSigningKey(key_id=first.id), admin)
    assert gone.state is SigningKeyState.REVOKED
    for _ in range(10):  # whichever replica is asked
        with pytest.raises(Unauthenticated):
            await stopped.ask(Authenticate(token=ann.token))
    assert (await stopped.principal(newer)).subject == admin.subject
    written = await stopped.fetch("select type_name from events where type_name like '%signing_key%' order by position")
    assert [row["type_name"] for row in written] == [
        "organization.signing_key_added",
        "organization.signing_key_revoked",
    ]


async def test_the_key_that_signs_cannot_be_taken_away(identity: Identity) -> None:
    admin = await identity.principal((await identity.sign_up()).token)
    (only,) = await keys(identity)
    with pytest.raises(Rejected) as error:
        await identity.ask(RevokeSigningKey(key_id=only.id), admin)
    assert error.value.rule == Rule.SIGNING_KEY_IN_USE
    with pytest.raises(NotFound):
        await identity.ask(RevokeSigningKey(key_id="cnothing0000000000000000a"), admin)


async def test_only_who_manages_the_system_may_touch_keys(identity: Identity) -> None:
    await identity.sign_up()
    (only,) = await keys(identity)
    bob = await identity.principal((await identity.join("bob@example.com")).token)
    for command in (RotateSigningKey(), RevokeSigningKey(key_id=only.id)):
        with pytest.raises(Forbidden):
            await identity.ask(command, bob)
        with pytest.raises(Unauthenticated):
            await identity.ask(command)
    assert await keys(identity) == (only,)


async def test_a_repeated_rotation_makes_one_key(identity: Identity) -> None:
    admin = await identity.principal((await identity.sign_up()).token)
    command, id_ = RotateSigningKey(), new_message_id()
    answers = [await identity.ask(command, admin, message_id=id_) for _ in range(3)]
    assert {each.id for each in answers} == {command.key_id}
    assert len(await keys(identity)) == 2


async def test_no_private_half_is_stored_in_the_clear_or_published(identity: Identity) -> None:
    admin = await identity.principal((await identity.sign_up()).token)
    await identity.ask(RotateSigningKey(), admin)
    for row in await identity.fetch("select * from signing_keys"):
        assert len(row["private_key"]) == 12 + 32 + 16  # nonce, sealed half, tag
    stored = await identity.fetch("select data::text from events where type_name = 'organization.signing_key_added'")
    assert all(set("".join(row["data"].split())) and "private" not in row["data"] for row in stored)


async def test_an_old_key_is_followed_by_one_new_key_however_many_replicas_look(stopped: Identity) -> None:
    await stopped.start()
    await stopped.sign_up()
    await stopped.stop_all()
    await stopped.fetch("update signing_keys set created_at = now() - interval '91 days'")
    await asyncio.gather(*(stopped.start() for _ in range(3)))
    await until(lambda: _counts(stopped, 2))
    await stopped.ask(SignIn(identity="ann@example.com", password=PASSWORD))
    assert len(await keys(stopped)) == 2
    made = await stopped.fetch("select 1 from events where type_name = 'organization.signing_key_added'")
    assert len(made) == 1


async def _counts(identity: Identity, number: int) -> bool:
    return len(await identity.fetch("select 1 from signing_keys")) == number


@pytest.mark.parametrize("rounds", [pytest.param(5, id="5"), pytest.param(20, id="20", marks=pytest.mark.full)])
async def test_no_good_token_is_refused_while_keys_follow_one_another(stopped: Identity, rounds: int) -> None:
    for _ in range(2):
        await stopped.start(signing_key_overlap_s=QUICK)
    ann = await stopped.sign_up()
    admin = await stopped.principal(ann.token)
    ended = asyncio.Event()
    tokens = [ann.token]

    async def client() -> None:
        while not ended.is_set():
            tokens.append(await sign_in(stopped))
            await asyncio.gather(*(stopped.ask(Authenticate(token=token)) for token in tokens[-3:]))

    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(client())
        for _ in range(rounds):
            await rotated(stopped, admin)
        ended.set()
    for token in tokens:
        assert (await stopped.ask(Authenticate(token=token))).principal.subject == admin.subject
    signed_by = await stopped.fetch("select distinct data::json->>'key_id' from events where stream like 'session-%'")
    assert len(signed_by) >= rounds
