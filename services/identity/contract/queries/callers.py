"""The questions about who asks and what they hold."""

from typing import ClassVar

from pydantic import Field

from services.identity.contract.ids import DeploymentId
from services.identity.contract.queries.question import Question
from services.identity.contract.rows import Authenticated, GrantList, PassRow, RoleList, SigningKeyList, SignUpState


class Authenticate(Question[Authenticated]):
    """Say whose token it is: a user's JWT, or a service account's key of 32 characters without a dot.

    Raises Unauthenticated when it is unknown, forged, expired, ended, or its owner is gone or may not sign in.
    """

    subject: ClassVar[str] = "identity.query.authenticate"

    token: str = Field(repr=False)


class AuthenticateVisit(Question[Authenticated]):
    """Say whose visit's token it is; `visits` of the answer names the one deployment that it is good for.

    Raises Unauthenticated like Authenticate; neither takes the other's tokens.
    """

    subject: ClassVar[str] = "identity.query.authenticate_visit"

    token: str = Field(repr=False)


class IssuePass(Question[PassRow]):
    """Return a pass with which a browser of the person who asks can begin a visit of this deployment's Airflow.

    A pass gives nobody a right on the deployment: who may see what is asked at its door, for each request. Raises
    Forbidden where no session of a person asks.
    """

    subject: ClassVar[str] = "identity.query.issue_pass"

    deployment_id: DeploymentId


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
