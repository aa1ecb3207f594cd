"""The keys that sign the tokens of users."""

from collections.abc import Sequence
from typing import Final

from ariadne import MutationType, ObjectType, QueryType

from services.gateway.context import Info
from services.gateway.resolvers.arguments import checked, required
from services.identity.contract import RevokeSigningKey, RotateSigningKey, SigningKeyRow, SigningKeys

query: Final = QueryType()
mutation: Final = MutationType()
signing_key: Final = ObjectType("SigningKey")

BINDABLES: Final = [query, mutation, signing_key]

signing_key.set_alias("kid", "id")


@query.field("signingKeys")
async def resolve_signing_keys(_: object, info: Info) -> Sequence[SigningKeyRow]:
    """Return all keys, for everybody who is signed in."""
    await info.context.signed_in_caller()
    return (await info.context.ask(SigningKeys())).rows


@mutation.field("rotateSigningKey")
async def resolve_rotate(_: object, info: Info) -> SigningKeyRow:
    """Make the next key."""
    return await info.context.send(info, RotateSigningKey())


@mutation.field("revokeSigningKey")
async def resolve_revoke(_: object, info: Info, *, kid: str) -> SigningKeyRow:
    """Take a key away."""
    with checked():
        command = RevokeSigningKey(key_id=required("kid", kid))
    return await info.context.send(info, command)
