"""People: the caller, sign-in and sign-up, and users with their role bindings."""

from dataclasses import dataclass
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from services.gateway.context import Info
from services.gateway.paging import all_rows, page_size, rows_after
from services.gateway.resolvers.arguments import checked, mapping, person_filter, required, text_in
from services.gateway.resolvers.flags import permission_flags
from services.gateway.resolvers.tokens import Signature, signature_of, token_of_session
from services.gateway.resolvers.views import Binding, binding_of_user, shown
from services.gateway.selection import selects
from services.identity.contract import (
    RegisterUser,
    RemoveUser,
    Role,
    Signed,
    SignIn,
    UserId,
    UserRow,
    Users,
    WorkspaceId,
    is_owner,
)
from shared.errors import Invalid

query: Final = QueryType()
mutation: Final = MutationType()
user: Final = ObjectType("User")

auth_user: Final = ObjectType("AuthUser")

BINDABLES: Final = [query, mutation, user, auth_user]

ROLES: Final = "roleBindings"
"""The field of a user that lists of people are read with only where it is selected."""

user.set_alias("uuid", "id")


@dataclass(frozen=True, slots=True)
class AuthUser:
    """Who is signed in, or signed up and still awaits confirmation; a service account has no user."""

    user: UserRow | None
    token: Signature | None
    is_signed_in: bool = True


@query.field("self")
async def resolve_self(_: object, info: Info) -> AuthUser:
    """Return the caller; a service account has neither user nor token here."""
    context = info.context
    caller = await context.signed_in_caller()
    token = None
    if caller.user is not None:
        token = signature_of(context.asking.token, caller.user.id, caller.expires_at)
    return AuthUser(caller.user, token)


@query.field("users")
async def resolve_users(_: object, info: Info, **sent: Any) -> list[UserRow]:
    """Return users by the first filter that is given, or all."""
    context = info.context
    with checked():
        wanted = Users(**_filter(sent), with_roles=selects(info, ROLES))
    return await all_rows(lambda after: context.ask(wanted.model_copy(update={"after_id": after})), field="users")


@query.field("paginatedUsers")
async def resolve_page_of_users(
    _: object, info: Info, *, take: int | None = None, cursor: str | None = None, search: str | None = None
) -> list[UserRow]:
    """Return a page of users, by rising id."""
    context, size = info.context, page_size(take)
    if size < 0:
        raise Invalid("users are paged forwards")
    with checked():
        wanted = Users(search=(search or "").strip(), with_roles=selects(info, ROLES))
    return await rows_after(
        lambda after, limit: context.ask(wanted.model_copy(update={"after_id": after, "limit": limit})),
        cursor=cursor or "",
        take=size,
    )


@mutation.field("createToken")
async def resolve_create_token(
    _: object,
    info: Info,
    *,
    password: str,
    identity: str | None = None,
    duration: int | None = None,
    org_id: str | None = None,
) -> AuthUser:
    """Sign in."""
    with checked():
        command = SignIn(
            identity=required("identity", identity),
            password=password,
            duration_days=duration,
            workspace_id=WorkspaceId(org_id) if org_id else None,
        )
    return await signed_in(info, await info.context.send(info, command, with_password=True))


@mutation.field("createUser")
async def resolve_create_user(
    _: object,
    info: Info,
    *,
    email: str,
    password: str,
    username: str | None = None,
    profile: Any = None,
    invite_token: str | None = None,
    duration: int | None = None,
) -> AuthUser:
    """Sign up; `profile` may hold fullName, and bootstrapToken where the installation asks the first user for one."""
    details = mapping("profile", profile)
    with checked():
        command = RegisterUser(
            email=email,
            password=password,
            username=username or "",
            full_name=text_in(details, "fullName") or "",
            invite_token=invite_token or "",
            bootstrap_token=text_in(details, "bootstrapToken") or "",
            duration_days=duration,
        )
    return await signed_in(info, await info.context.send(info, command, with_password=True))


@mutation.field("removeUser")
async def resolve_remove_user(
    _: object,
    info: Info,
    *,
    user_uuid: str | None = None,
    id: str | None = None,  # noqa: A002  its name in the schema
) -> UserRow:
    """Remove a user and return it as it was."""
    with checked():
        command = RemoveUser(user_id=UserId(required("userUuid", user_uuid, id)))
    return await info.context.send(info, command)


@auth_user.field("permissions")
async def resolve_permissions(signed: AuthUser, info: Info) -> dict[str, bool]:
    """Return the flags of old clients."""
    return permission_flags(is_admin=await resolve_is_admin(signed, info), is_user=signed.user is not None)


@auth_user.field("isAdmin")
async def resolve_is_admin(signed: AuthUser, info: Info) -> bool:
    """Say whether they administer the installation; asked for only where it is wanted."""
    grants = (await info.context.caller()).principal.grants if signed.is_signed_in else ()
    return any(is_owner(Role(held.role), held.entity) for held in grants)


@user.field("emails")
def resolve_emails(row: UserRow, _: Info) -> list[dict[str, Any]]:
    """Return the one address of a user; none once it is forgotten."""
    if not row.email:
        return []
    times = {"created_at": row.created_at, "updated_at": row.updated_at}
    return [{"address": row.email, "verified": row.email_verified, "primary": True, **times}]


@user.field(ROLES)
async def resolve_role_bindings(row: UserRow, info: Info) -> list[Binding]:
    """Return a user's bindings, asked for only where the row does not hold them all."""
    if not row.more_roles:
        return shown([binding_of_user(role, row) for role in row.roles])
    found = await info.context.loaders.bindings.load(row.id)
    return shown([binding_of_user(role, row) for role in found])


def _filter(sent: dict[str, Any]) -> dict[str, Any]:
    if sent.get("user_uuid"):
        return {"ids": (UserId(sent["user_uuid"]),)}
    for name in ("username", "email"):
        if sent.get(name):
            return {name: sent[name]}
    search = mapping("user", sent.get("user"))
    return person_filter(search) | {name: search[name] for name in ("created_at", "updated_at") if search.get(name)}


async def signed_in(info: Info, signed: Signed) -> AuthUser:
    """Return the signed-in user; the rest of the document is asked for in their name."""
    if signed.session is None:
        return AuthUser(signed.user, None, is_signed_in=False)
    info.context.sign_in(signed.session)
    return AuthUser(signed.user, token_of_session(signed.session))
