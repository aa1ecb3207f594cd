"""People: the caller, sign-in and sign-up, and users with their role bindings."""

from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from services.gateway.context import SIGN_IN_PATIENCE, Info
from services.gateway.paging import all_rows
from services.gateway.resolvers.arguments import checked, mapping, required, text_in
from services.gateway.resolvers.flags import permission_flags
from services.gateway.resolvers.tokens import Signature, signature_of, token_of_session
from services.gateway.resolvers.views import Binding, binding_of_user
from services.identity.contract import (
    BindingRow,
    RegisterUser,
    RemoveUser,
    Role,
    Signed,
    SignIn,
    UserId,
    UserRow,
    Users,
)
from shared.auth import SYSTEM, Grant

query: Final = QueryType()
mutation: Final = MutationType()
user: Final = ObjectType("User")
role_binding: Final = ObjectType("RoleBinding")

BINDABLES: Final = [query, mutation, user, role_binding]

user.set_alias("uuid", "id")


@query.field("self")
async def resolve_self(_: object, info: Info) -> dict[str, Any]:
    """Return the caller; a service account has neither user nor token here."""
    context = info.context
    caller = await context.signed_in_caller()
    token = None
    if caller.user is not None:
        token = signature_of(context.asking.token, caller.user.id, caller.expires_at)
    roles = caller.principal.grants if caller.user is None else caller.user.roles
    return _auth_user(caller.user, token, roles)


@query.field("users")
async def resolve_users(_: object, info: Info, **sent: Any) -> list[UserRow]:
    """Return users by the first filter that is given, or all."""
    wanted = _filter(sent)
    context = info.context
    with checked():
        Users(**wanted)
    return await all_rows(lambda after: context.ask(Users(**wanted, after_id=after)), field="users")


@mutation.field("createToken")
async def resolve_create_token(
    _: object, info: Info, *, password: str, identity: str | None = None, duration: int | None = None
) -> dict[str, Any]:
    """Sign in."""
    with checked():
        command = SignIn(identity=required("identity", identity), password=password, duration_days=duration)
    return _signed_in(info, await info.context.send(info, command, patience=SIGN_IN_PATIENCE))


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
) -> dict[str, Any]:
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
    return _signed_in(info, await info.context.send(info, command, patience=SIGN_IN_PATIENCE))


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


@user.field("emails")
def resolve_emails(row: UserRow, _: Info) -> list[dict[str, Any]]:
    """Return the one address of a user; none once it is forgotten."""
    if not row.email:
        return []
    times = {"created_at": row.created_at, "updated_at": row.updated_at}
    return [{"address": row.email, "verified": row.email_verified, "primary": True, **times}]


@user.field("roleBindings")
async def resolve_role_bindings(row: UserRow, info: Info) -> list[Binding]:
    """Return a user's bindings, asked for only where the row does not hold them all."""
    if not row.more_roles:
        return [binding_of_user(role, row) for role in row.roles]
    found = await info.context.loaders.bindings.load(row.id)
    return [binding_of_user(role, row) for role in found]


@role_binding.field("workspace")
async def resolve_binding_workspace(binding: Binding, info: Info) -> Any:
    """Return the workspace that a binding is on."""
    id_ = binding.workspace_id
    return await info.context.loaders.workspaces.load(id_) if id_ else None


@role_binding.field("deployment")
async def resolve_binding_deployment(binding: Binding, info: Info) -> Any:
    """Return the deployment that a binding is on."""
    id_ = binding.deployment_id
    return await info.context.loaders.deployments.load(id_) if id_ else None


def _filter(sent: dict[str, Any]) -> dict[str, Any]:
    if sent.get("user_uuid"):
        return {"ids": (UserId(sent["user_uuid"]),)}
    for name in ("username", "email"):
        if sent.get(name):
            return {name: sent[name]}
    search = mapping("user", sent.get("user"))
    id_ = search.get("user_id") or search.get("user_uuid")
    wanted: dict[str, Any] = {"ids": (UserId(id_),)} if id_ else {}
    names = ("username", "email", "full_name", "created_at", "updated_at")
    return wanted | {name: search[name] for name in names if search.get(name)}


def _signed_in(info: Info, signed: Signed) -> dict[str, Any]:
    """Return the signed-in user; the rest of the document is asked for in their name."""
    token = None
    if signed.session is not None:
        info.context.sign_in(signed.session)
        token = token_of_session(signed.session)
    return _auth_user(signed.user, token, signed.user.roles)


def _auth_user(row: UserRow | None, token: Signature | None, roles: Sequence[Grant | BindingRow]) -> dict[str, Any]:
    is_admin = any(held.role == Role.SYSTEM_ADMIN and held.entity == SYSTEM for held in roles)
    flags = permission_flags(is_admin=is_admin, is_user=row is not None)
    return {"user": row, "token": token, "permissions": flags, "is_admin": is_admin}
