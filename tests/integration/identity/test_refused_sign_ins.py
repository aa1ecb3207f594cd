"""What the audit says of failed sign-ins: whose account was meant, from where, and why."""

import pytest

from services.identity.contract import SetUserStatus, SignIn
from services.identity.handlers.gate import FOR_PAIR
from shared.errors import Rejected
from tests.integration.identity.auditing import HOME, ask_from, origins, refused
from tests.integration.identity.service import PASSWORD, Identity


async def test_a_failed_sign_in_is_kept_under_the_key_of_the_person_who_was_meant(identity: Identity) -> None:
    ann = await identity.sign_up()
    for name in ("ann@example.com", "stranger@example.com"):
        with pytest.raises(Rejected):
            await ask_from(identity, SignIn(identity=name, password="wrong"))
    unknown, known = await refused(identity, 2)
    assert (known.action, known.rule, known.target_id, known.kind) == (
        "sign_in",
        "bad_credentials",
        ann.id,
        "anonymous",
    )
    assert await origins(identity, ann, [known, unknown]) == (HOME, None)
    assert (known.source, unknown.target_id, unknown.origin_seal) == ("", "", "")
    assert len(unknown.source) == 64
    everything = str(await identity.fetch("select * from refusals"))
    assert not [secret for secret in ("example.com", "wrong", HOME.address) if secret in everything]


async def test_a_failed_sign_in_of_who_is_signed_in_tells_whose_account_was_meant(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    for name in ("ann@example.com", "stranger@example.com"):
        with pytest.raises(Rejected):
            await ask_from(identity, SignIn(identity=name, password="wrong"), bob.now)
    unknown, known = await refused(identity, 2)
    assert (known.subject, known.target_kind, known.target_id) == (bob.id, "user", ann.id)
    assert (unknown.subject, unknown.target_id, unknown.source) == (bob.id, "", "")
    assert {row.origin_seal.split(".")[1] for row in (known, unknown)} == {bob.id}


async def test_the_audit_tells_a_locked_and_a_suspended_account_apart_and_the_answer_does_not(
    identity: Identity,
) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    await identity.ask(SetUserStatus(user_id=bob.id, status="banned"), ann.now)
    told: set[str] = set()

    async def fails(name: str, password: str) -> None:
        with pytest.raises(Rejected) as refusal:
            await ask_from(identity, SignIn(identity=name, password=password))
        told.add(f"{refusal.value.rule} {refusal.value.text} {refusal.value.details}")

    await fails("bob@example.com", PASSWORD)
    for _ in range(FOR_PAIR.most):
        await fails("ann@example.com", "wrong")
    await fails("ann@example.com", PASSWORD)
    locked, *wrong, suspended = await refused(identity, FOR_PAIR.most + 2)
    assert len(told) == 1
    assert (locked.rule, locked.target_id) == ("account_locked", ann.id)
    assert (suspended.rule, suspended.target_id) == ("account_suspended", bob.id)
    assert {row.rule for row in wrong} == {"bad_credentials"}
