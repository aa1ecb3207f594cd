"""Accounts: how to sign in, mailed links, profiles, status and sessions."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType, convert_camel_case_to_snake

from services.gateway.context import Info
from services.gateway.paging import all_rows
from services.gateway.resolvers.arguments import checked, payload_of, required, text_in
from services.gateway.resolvers.users import AuthUser, signed_in
from services.identity.contract import (
    ConfirmEmail,
    EndSession,
    OpenSessionRow,
    RequestConfirmation,
    RequestPasswordReset,
    ResetPassword,
    SessionId,
    Sessions,
    SetUserStatus,
    SignUps,
    UpdateUser,
    UserId,
    UserRow,
    VerifyEmail,
)
from shared.auth import PrincipalKind

query: Final = QueryType()
mutation: Final = MutationType()
session: Final = ObjectType("Session")
user: Final = ObjectType("User")

BINDABLES: Final = [query, mutation, session, user]

session.set_alias("uuid", "id")
session.set_alias("createdAt", "issued_at")

_ELSEWHERE: Final = ("google", "github", "auth0")
"""Providers that clients of 2018 ask for by name."""


def providers() -> Sequence[Mapping[str, str]]:
    """Return the ways to sign in elsewhere, as `name`, `displayName` and `url`; there are none."""
    return ()


@query.field("authConfig")
async def resolve_auth_config(_: object, info: Info, **sent: Any) -> dict[str, Any]:
    """Return the ways to sign in; what is sent along would travel to a provider and back."""
    del sent
    state = await info.context.ask(SignUps())
    offered = providers()
    urls = {provider["name"]: provider["url"] for provider in offered}
    flags = {convert_camel_case_to_snake(f"{name}Enabled"): name in urls for name in _ELSEWHERE}
    addresses = {convert_camel_case_to_snake(f"{name}OAuthUrl"): urls.get(name) for name in _ELSEWHERE}
    return {
        "public_signup": state.public,
        "initial_signup": state.initial,
        "local_enabled": True,
        "providers": offered,
        **flags,
        **addresses,
    }


@query.field("sessions")
async def resolve_sessions(_: object, info: Info, *, user_uuid: str | None = None) -> list[OpenSessionRow]:
    """Return the open sessions of the caller or of another user."""
    context = info.context
    of = UserId(required("userUuid", user_uuid, await _own_id(info)))
    return await all_rows(lambda after: context.ask(Sessions(user_id=of, after_id=after)), field="sessions")


@session.field("current")
async def resolve_current(row: OpenSessionRow, info: Info) -> bool:
    """Say whether a session is the one that asks."""
    return row.id == (await info.context.principal()).credential


@mutation.field("confirmEmail")
async def resolve_confirm_email(_: object, info: Info, *, token: str, duration: int | None = None) -> AuthUser:
    """Confirm an address and sign in."""
    with checked():
        command = ConfirmEmail(token=token, duration_days=duration)
    return await signed_in(info, await info.context.send(info, command, with_password=True))


@mutation.field("resetPassword")
async def resolve_reset_password(
    _: object, info: Info, *, token: str, password: str, duration: int | None = None
) -> AuthUser:
    """Set a new password and sign in."""
    with checked():
        command = ResetPassword(token=token, password=password, duration_days=duration)
    return await signed_in(info, await info.context.send(info, command, with_password=True))


@mutation.field("resendConfirmation")
async def resolve_resend_confirmation(_: object, info: Info, *, email: str) -> bool:
    """Have the confirmation mailed again."""
    with checked():
        command = RequestConfirmation(email=email)
    await info.context.send(info, command)
    return True


@mutation.field("forgotPassword")
async def resolve_forgot_password(_: object, info: Info, *, email: str) -> bool:
    """Have a link mailed that resets the password."""
    with checked():
        command = RequestPasswordReset(email=email)
    await info.context.send(info, command)
    return True


@mutation.field("updateUser")
async def resolve_update_user(
    _: object, info: Info, *, payload: Any, user_id: str | None = None, user_uuid: str | None = None
) -> UserRow:
    """Change a profile: the caller's, where no other is named."""
    changes = payload_of(payload, "fullName", "avatarUrl")
    of = UserId(required("userUuid", user_uuid, user_id, await _own_id(info)))
    with checked():
        command = UpdateUser(
            user_id=of, full_name=text_in(changes, "fullName"), avatar_url=text_in(changes, "avatarUrl")
        )
    return await info.context.send(info, command)


@mutation.field("verifyEmail")
async def resolve_verify_email(_: object, info: Info, *, email: str) -> bool:
    """Vouch for an address."""
    with checked():
        command = VerifyEmail(email=email)
    await info.context.send(info, command)
    return True


@mutation.field("setUserStatus")
async def resolve_set_user_status(_: object, info: Info, *, user_uuid: str, status: str) -> UserRow:
    """Suspend or reinstate a user."""
    with checked():
        command = SetUserStatus.model_validate({"user_id": required("userUuid", user_uuid), "status": status})
    return await info.context.send(info, command)


@mutation.field("logout")
async def resolve_logout(_: object, info: Info) -> bool:
    """End the session that asks; who has none is signed out already."""
    who = await info.context.principal()
    if who.kind is PrincipalKind.USER:
        await info.context.send(info, EndSession(session_id=SessionId(who.credential)))
        info.context.sign_out()
    return True


@mutation.field("endSession")
async def resolve_end_session(_: object, info: Info, *, id: str) -> bool:  # noqa: A002  its name in the schema
    """End a session."""
    await info.context.send(info, EndSession(session_id=SessionId(required("id", id))))
    return True


@user.field("profile")
def resolve_profile(row: UserRow, _: Info) -> list[dict[str, str]]:
    """Return a user's properties: the picture, where there is one."""
    return [{"key": "avatarUrl", "value": row.avatar_url, "category": "profile"}] if row.avatar_url else []


async def _own_id(info: Info) -> str:
    """Return the caller's id, "" where no user asks; raise Unauthenticated where nobody does."""
    caller = await info.context.signed_in_caller()
    return caller.user.id if caller.user else ""
