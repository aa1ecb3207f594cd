"""The rules of identity, by the codes that a refusal carries."""

from enum import StrEnum


class Noted(StrEnum):
    """What the audit says of a refusal where the asker is told `bad_credentials`, whatever it was."""

    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_SUSPENDED = "account_suspended"


class Rule(StrEnum):
    """The broken rule of a Rejected or Invalid; the gateway's tables give each its public text and code."""

    EMAIL_IN_USE = "email_in_use"
    USERNAME_IN_USE = "username_in_use"
    USER_ALREADY_INVITED = "user_already_invited"
    LAST_ADMIN = "last_admin"
    SIGNUPS_CLOSED = "signups_closed"
    SIGNUP_DOMAIN = "signup_domain"
    TOO_MANY_SIGN_UPS = "too_many_sign_ups"
    BOOTSTRAP_TOKEN_REQUIRED = "bootstrap_token_required"  # noqa: S105  a rule's name
    INVITE_NOT_FOUND = "invite_not_found"
    INVITE_EMAIL_MISMATCH = "invite_email_mismatch"
    BAD_CREDENTIALS = "bad_credentials"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    INVALID_ROLE = "invalid_role"
    ROLE_ENTITY_MISMATCH = "role_entity_mismatch"
    DUPLICATE_BINDING = "duplicate_binding"
    FIXED_GROUP = "fixed_group"
    SIGNING_KEY_IN_USE = "signing_key_in_use"
    KEY_OUT_OF_REACH = "key_out_of_reach"
    DEPLOYMENTS_EXIST = "deployments_exist"
    WEAK_PASSWORD = "weak_password"  # noqa: S105  a rule's name
    INVALID_EMAIL = "invalid_email"
    INVALID_TEXT = "invalid_text"
    INVALID_TOKEN = "invalid_token"  # noqa: S105  a rule's name
    INVALID_RESET_TOKEN = "invalid_reset_token"  # noqa: S105  a rule's name
    INVALID_STATUS = "invalid_status"
