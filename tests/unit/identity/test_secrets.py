"""Hashes of passwords and tokens in mails."""

import asyncio
from datetime import timedelta

import pytest

from services.identity.contract import MailPurpose
from services.identity.secrets.mail_tokens import MailTokens, id_of
from services.identity.secrets.passwords import Passwords
from shared.errors import Unavailable
from tests.unit.identity.examples import EXPIRY, INVITATION, OTHER_INVITATION

KEY = bytes(range(32))


async def test_a_password_is_known_again_and_no_other() -> None:
    passwords = Passwords(threads=1)
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != await passwords.hash("correct horse")
    assert await passwords.verify("correct horse", hashed)
    assert not await passwords.verify("correct hors", hashed)
    for nothing in ("", "no hash", "$argon2id$broken"):
        assert not await passwords.verify("correct horse", nothing)
    passwords.close()


async def test_too_many_waiting_passwords_are_turned_away_at_once() -> None:
    passwords = Passwords(threads=1, most_waiting=2)
    outcomes = await asyncio.gather(*(passwords.hash("correct horse") for _ in range(6)), return_exceptions=True)
    assert [isinstance(each, Unavailable) for each in outcomes] == [False] * 3 + [True] * 3
    assert await passwords.hash("correct horse")
    passwords.close()


async def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    passwords = Passwords(threads=1)
    hashing = asyncio.ensure_future(passwords.hash("correct horse"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    passwords.close()


def test_a_mail_token_holds_for_exactly_what_it_was_made_for() -> None:
    tokens = MailTokens(KEY)

    def holds(token: str, id_: str = INVITATION, *, generation: int = 1, later: timedelta = timedelta()) -> bool:
        return tokens.holds(token, MailPurpose.INVITE, id_, generation=generation, expires_at=EXPIRY + later)

    token = tokens.token(MailPurpose.INVITE, INVITATION, generation=1, expires_at=EXPIRY)
    assert holds(token)
    assert id_of(token) == INVITATION
    assert len(token) == len(INVITATION) + 1 + 43
    assert not holds(token, OTHER_INVITATION)
    assert not holds(token, generation=2)
    assert not holds(token, later=timedelta(seconds=1))
    for wrong in (
        "",
        INVITATION,
        token[:-1],
        token + "A",
        token.swapcase(),
        token.replace(INVITATION, OTHER_INVITATION),
    ):
        assert not holds(wrong)
    other = MailTokens(bytes(32))
    assert not other.holds(token, MailPurpose.INVITE, INVITATION, generation=1, expires_at=EXPIRY)


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "no dot"])
def test_any_text_names_some_id(token: str) -> None:
    assert id_of(token) == token.partition(".")[0]
