"""The one table of the GraphQL interface: which public text and code an error of ours gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.deployments.contract import Rule as DeploymentsRule
from services.identity.contract import Rule as IdentityRule
from shared.errors import AerodromeError


class Code(StrEnum):
    """`extensions.code` of the interface."""

    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "RESOURCE_NOT_FOUND"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    NOT_CONFIRMED = "ACCOUNT_NOT_CONFIRMED"
    INVITE_MISMATCH = "INVITE_EMAIL_NOT_MATCH"
    DUPLICATE_EMAIL = "DUPLICATE_EMAIL"
    ALREADY_INVITED = "USER_ALREADY_INVITED"
    UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INTERNAL = "INTERNAL_SERVER_ERROR"
    PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"


TYPES: Final[Mapping[Code, str]] = {
    Code.FORBIDDEN: "ForbiddenError",
    Code.NOT_FOUND: "ResourceNotFoundError",
    Code.UNAUTHENTICATED: "AuthenticationError",
    Code.BAD_USER_INPUT: "UserInputError",
    Code.NOT_CONFIRMED: "AccountNotConfirmedError",
    Code.INVITE_MISMATCH: "InviteEmailNotMatchError",
    Code.DUPLICATE_EMAIL: "DuplicateEmailError",
    Code.ALREADY_INVITED: "UserAlreadyInvitedError",
    Code.UNAVAILABLE: "ServiceUnavailableError",
    Code.INTERNAL: "InternalServerError",
    Code.PARSE_FAILED: "SyntaxError",
    Code.VALIDATION_FAILED: "ValidationError",
}
"""The `type` that readers of 2018 look at, beside the code."""


@dataclass(frozen=True, slots=True)
class Public:
    """What a client is told; `message` may have placeholders that the error's details fill."""

    message: str
    code: Code


NOT_ALLOWED: Final = Public("You do not have the appropriate permissions for that", Code.FORBIDDEN)
NOT_FOUND: Final = Public("The requested resource was not found", Code.NOT_FOUND)
UNAVAILABLE: Final = Public("The service is not available right now, please try again", Code.UNAVAILABLE)
INTERNAL: Final = Public("Internal server error", Code.INTERNAL)

MISSING_ARGUMENT: Final = "missing_argument"
"""The rule of the gateway's own Invalid for an argument that the schema leaves optional."""

BY_CODE: Final[Mapping[str, Public]] = {
    "unauthenticated": NOT_ALLOWED,
    "forbidden": NOT_ALLOWED,
    "not_found": NOT_FOUND,
    "unavailable": UNAVAILABLE,
    "wrong_expected_version": UNAVAILABLE,
    "internal": INTERNAL,
}

IN_OWN_WORDS: Final = frozenset({"invalid", "rejected"})
"""Codes whose texts say what the client did wrong."""

BY_RULE: Final[Mapping[str, Public]] = {
    MISSING_ARGUMENT: Public("A required argument was not sent: {name}", Code.BAD_USER_INPUT),
    IdentityRule.EMAIL_IN_USE: Public("Email address in use", Code.DUPLICATE_EMAIL),
    IdentityRule.USER_ALREADY_INVITED: Public("User already invited", Code.ALREADY_INVITED),
    IdentityRule.LAST_ADMIN: Public(
        "There are no other system administrators. Please assign another before removing yourself.", Code.INTERNAL
    ),
    IdentityRule.SIGNUPS_CLOSED: Public(
        "Public sign ups are disabled, a valid inviteToken is required to login to the platform. "
        "Public sign ups can be enabled via configuration change.",
        Code.INTERNAL,
    ),
    IdentityRule.TOO_MANY_SIGN_UPS: Public(
        "Too many sign ups came from your network, please try again later", Code.UNAVAILABLE
    ),
    IdentityRule.INVITE_NOT_FOUND: Public("Invite token not found", Code.BAD_USER_INPUT),
    IdentityRule.INVITE_EMAIL_MISMATCH: Public(
        "This email is not associated with the specified invite token", Code.INVITE_MISMATCH
    ),
    IdentityRule.BAD_CREDENTIALS: Public("Invalid password and username combination", Code.INTERNAL),
    IdentityRule.AWAITING_CONFIRMATION: Public("Your account is awaiting email confirmation", Code.NOT_CONFIRMED),
    IdentityRule.INVALID_TOKEN: Public("Invalid token", Code.BAD_USER_INPUT),
    IdentityRule.INVALID_RESET_TOKEN: Public("Invalid resetToken", Code.BAD_USER_INPUT),
    IdentityRule.INVALID_ROLE: Public("Invalid role", Code.BAD_USER_INPUT),
    IdentityRule.ROLE_ENTITY_MISMATCH: Public("Entity and role types don't match", Code.BAD_USER_INPUT),
    IdentityRule.DUPLICATE_BINDING: Public("A duplicate role binding already exists", Code.BAD_USER_INPUT),
    IdentityRule.DEPLOYMENTS_EXIST: Public(
        "You must first deprovision all deployments before you can delete your workspace.", Code.INTERNAL
    ),
    DeploymentsRule.LABEL_IN_USE: Public("Workspace already has a deployment named {label}", Code.BAD_USER_INPUT),
    DeploymentsRule.WORKSPACE_CLOSED: NOT_FOUND,
    DeploymentsRule.RESERVED_VARIABLE: Public(
        "{variables} {verb} set automatically and cannot be overridden", Code.INTERNAL
    ),
    DeploymentsRule.INVALID_PROPERTY: Public("{property} is not a valid deployment property", Code.INTERNAL),
    DeploymentsRule.MAX_CPU_EXCEEDED: Public("Maximum CPU for pod exceeded", Code.INTERNAL),
    DeploymentsRule.MAX_MEMORY_EXCEEDED: Public("Maximum Memory for pod exceeded", Code.INTERNAL),
    DeploymentsRule.MIN_EXTRA_AU_NOT_MET: Public("Minimum Extra AU not met", Code.INTERNAL),
    DeploymentsRule.VERSION_NOT_OFFERED: Public(
        "Airflow version {wanted} is not offered; offered are {offered}", Code.BAD_USER_INPUT
    ),
    DeploymentsRule.EXECUTOR_NOT_OFFERED: Public(
        "{wanted} is not offered here; offered are {offered}", Code.BAD_USER_INPUT
    ),
    DeploymentsRule.IMAGES_NOT_OFFERED: Public(
        "Images can't be run here: the driver of this installation runs Airflow without containers. "
        "Deploy DAG files instead.",
        Code.BAD_USER_INPUT,
    ),
    DeploymentsRule.ADOPTION_NOT_OFFERED: Public(
        "Deployments can't be adopted here: no driver of this installation takes over custom resources of a cluster.",
        Code.BAD_USER_INPUT,
    ),
    DeploymentsRule.AIRFLOW_AWAY: Public("The Airflow of this deployment does not run now", Code.BAD_USER_INPUT),
    DeploymentsRule.AIRFLOW_DOWNGRADE: Public(
        "Airflow can't go back from {running} to the older {wanted}", Code.BAD_USER_INPUT
    ),
}
"""Texts of the contract. Rules with one value in several services share a row.

Source: houston.md, section 1.4.
"""

OWN_WORDS: Final = frozenset(
    {
        IdentityRule.USERNAME_IN_USE,
        IdentityRule.SIGNUP_DOMAIN,
        IdentityRule.BOOTSTRAP_TOKEN_REQUIRED,
        IdentityRule.WEAK_PASSWORD,
        IdentityRule.INVALID_EMAIL,
        IdentityRule.INVALID_TEXT,
        IdentityRule.SIGNING_KEY_IN_USE,
        IdentityRule.KEY_OUT_OF_REACH,
        IdentityRule.FIXED_GROUP,
        IdentityRule.INVALID_STATUS,
        DeploymentsRule.RELEASE_NAME_IN_USE,
        DeploymentsRule.INVALID_LABEL,
        DeploymentsRule.INVALID_DESCRIPTION,
        DeploymentsRule.INVALID_TYPE,
        DeploymentsRule.INVALID_VERSION,
        DeploymentsRule.INVALID_EXECUTOR,
        DeploymentsRule.INVALID_RELEASE_NAME,
        DeploymentsRule.INVALID_CONFIG,
        DeploymentsRule.INVALID_VARIABLE,
        DeploymentsRule.INVALID_IMAGE,
        DeploymentsRule.INVALID_BUNDLE,
        DeploymentsRule.INVALID_TRIGGERER,
        DeploymentsRule.UNKNOWN_BUNDLE,
        DeploymentsRule.DAGS_NOT_OFFERED,
        DeploymentsRule.NOT_FAILED,
        DeploymentsRule.STALE_GENERATION,
    }
)
"""Rules that the contract has no text for: the client is told the service's own, which holds no secret."""


def public(error: AerodromeError) -> Public:
    """Return what a client is told of an error.

    Rules come first, then codes; what is in neither table is told in its own words where they are meant for the client.
    """
    found = BY_RULE.get(error.rule) or BY_CODE.get(error.code)
    if found is None:
        return Public(sentence(error.text), Code.BAD_USER_INPUT) if error.code in IN_OWN_WORDS else INTERNAL
    return Public(_filled(found.message, error.details), found.code)


def sentence(text: str) -> str:
    """Return a text of ours as a person reads it: with a capital in front."""
    return text[:1].upper() + text[1:]


def _filled(message: str, details: Mapping[str, str]) -> str:
    for name, value in details.items():
        message = message.replace("{" + name + "}", value)
    return message
