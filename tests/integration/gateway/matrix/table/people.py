"""Who may sign in and up, and see and change people."""

from collections.abc import Sequence
from typing import Final

from tests.integration.gateway.matrix.rows import (
    ANYBODY,
    NOBODY_ELSE,
    SIGNED_IN,
    SYSTEM_ADMINS,
    SYSTEM_VIEWERS,
    Operation,
    Row,
)

PEOPLE: Final[Sequence[Row]] = [
    Row(
        operation="self",
        permission="any login",
        kind=Operation.QUERY,
        sent="self { isAdmin permissions }",
        anywhere=SIGNED_IN,
        shows="permissions",
    ),
    Row(
        operation="users",
        permission="system.users.get",
        kind=Operation.QUERY,
        sent="users { id }",
        anywhere=SYSTEM_VIEWERS,
        shows="<user>",
    ),
    Row(
        operation="users",
        form="userUuid: another",
        permission="system.users.get",
        kind=Operation.QUERY,
        sent='users(userUuid: "<user>") { id }',
        anywhere=SYSTEM_VIEWERS,
        shows="<user>",
    ),
    Row(
        operation="users",
        form="email: another's",
        permission="system.users.get",
        kind=Operation.QUERY,
        sent='users(email: "<user_email>") { id }',
        anywhere=SYSTEM_VIEWERS,
        shows="<user>",
    ),
    Row(
        operation="users",
        form="username: another's",
        permission="system.users.get",
        kind=Operation.QUERY,
        sent='users(username: "<user_email>") { id }',
        anywhere=SYSTEM_VIEWERS,
        shows="<user>",
    ),
    Row(
        operation="users",
        form="user: another",
        permission="system.users.get",
        kind=Operation.QUERY,
        sent='users(user: {email: "<user_email>"}) { id username status }',
        anywhere=SYSTEM_VIEWERS,
        shows="<user>",
    ),
    Row(
        operation="createToken",
        permission="public; the password decides",
        sent='createToken(identity: "<user_email>", password: "<password>") { user { id } }',
        anywhere=ANYBODY,
        shows="<user>",
    ),
    Row(
        operation="createToken",
        form="orgId: where the user has a role",
        permission="public; the password decides",
        sent='createToken(identity: "<member_email>", password: "<password>", orgId: "<workspace>") { user { id } }',
        anywhere=ANYBODY,
        shows="<member>",
        people=True,
    ),
    Row(
        operation="createToken",
        form="orgId: where the user has no role",
        permission="a role of the user there, whoever asks",
        sent='createToken(identity: "<user_email>", password: "<password>", orgId: "<workspace>") { user { id } }',
        anywhere=NOBODY_ELSE,
        people=True,
    ),
    Row(
        operation="createUser",
        permission="public; closed without an invitation",
        sent='createUser(email: "<new_email>", password: "<password>") { user { id } }',
        anywhere=ANYBODY,
        silent=True,
        says="Public sign ups are disabled, a valid inviteToken is required to login to the platform. "
        "Public sign ups can be enabled via configuration change.",
    ),
    Row(
        operation="createUser",
        form="inviteToken",
        permission="public; the token decides",
        sent='createUser(email: "<system_invited>", password: "<password>", inviteToken: "<invite_token>") '
        "{ user { id } }",
        anywhere=ANYBODY,
        alone=True,
    ),
    Row(
        operation="removeUser",
        permission="system.user.delete",
        sent='removeUser(userUuid: "<user>") { id username }',
        anywhere=SYSTEM_ADMINS,
        shows="<user>",
        alone=True,
    ),
]
