"""The keys that sign tokens as others see them: at /.well-known/jwks.json, and rotated and revoked by GraphQL."""

from typing import Any

import jwt
import pytest
from jwt import PyJWKSet

from tests.integration.bus import until
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def key_set(aerodrome: Aerodrome) -> Any:
    """Return the served key set."""
    async with aerodrome.door.session.get(f"{aerodrome.door.url}/.well-known/jwks.json") as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "public, max-age=5"
        return await response.json()


async def test_others_verify_a_token_with_the_served_keys(aerodrome: Aerodrome) -> None:
    served = await key_set(aerodrome)
    key = PyJWKSet.from_dict(served)[jwt.get_unverified_header(aerodrome.admin)["kid"]]
    said = jwt.decode(aerodrome.admin, key.key, algorithms=["EdDSA"])
    assert said["sub"] == said["uuid"]
    assert all(set(each) == {"kty", "crv", "alg", "use", "kid", "x"} for each in served["keys"])


async def test_a_new_key_is_served_before_it_signs_and_can_be_taken_away(aerodrome: Aerodrome) -> None:
    made = await aerodrome.data("mutation { rotateSigningKey { kid state signsFrom } }", aerodrome.admin)
    assert made["state"] == "next"
    await until(lambda: _serves(aerodrome, made["kid"]), timeout_s=15)
    document = "mutation ($k: String!) { revokeSigningKey(kid: $k) { kid state } }"
    gone = await aerodrome.data(document, aerodrome.admin, k=made["kid"])
    assert gone == {"kid": made["kid"], "state": "revoked"}
    listed = await aerodrome.data("{ signingKeys { kid state revokedAt } }", aerodrome.admin)
    assert [key["state"] for key in listed] == ["signing", "revoked"]


async def test_the_key_that_signs_stays(aerodrome: Aerodrome) -> None:
    kid = jwt.get_unverified_header(aerodrome.admin)["kid"]
    document = "mutation ($k: String!) { revokeSigningKey(kid: $k) { kid } }"
    message, code = await aerodrome.refused(document, aerodrome.admin, k=kid)
    assert code == "BAD_USER_INPUT"
    assert message == "This key signs now and no other follows it: make one with rotateSigningKey first"
    following = await aerodrome.data("mutation { rotateSigningKey { signsFrom } }", aerodrome.admin)
    message, _ = await aerodrome.refused(document, aerodrome.admin, k=kid)
    assert message == f"This key signs until {following['signsFrom']}, when the next one takes over: try again then"


async def _serves(aerodrome: Aerodrome, kid: str) -> bool:
    return kid in {key["kid"] for key in (await key_set(aerodrome))["keys"]}
