"""The questions about who asks and what they hold."""

from typing import ClassVar

from pydantic import Field

from services.identity.contract.queries.question import Question
from services.identity.contract.rows import Authenticated, GrantList, RoleList, SigningKeyList, SignUpState


class Authenticate(Question[Authenticated]):
    """Say whose token it is: a user's JWT, or a service account's key of 32 characters without a dot.

    Raises Unauthenticated when it is unknown, forged, expired, ended, or its owner is gone or may not sign in.
    """

    subject: ClassVar[str] = "identity.query.authenticate"

    token: str = Field(repr=False)


class SignUps(Question[SignUpState]):
    """Say how signing up works now; anybody may ask."""

    subject: ClassVar[str] = "identity.query.sign_ups"


class Grants(Question[GrantList]):
    """Return all grants of a subject: for a service, or for the subject itself."""

    subject: ClassVar[str] = "identity.query.grants"

    of: str


class RoleDefinitions(Question[RoleList]):
    """Return the roles of this installation with what each may do, for everybody who is signed in."""

    subject: ClassVar[str] = "identity.query.role_definitions"


class SigningKeys(Question[SigningKeyList]):
    """Return the public halves of all keys that sign tokens; anybody may ask."""

    subject: ClassVar[str] = "identity.query.signing_keys"
