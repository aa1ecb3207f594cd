"""The one family of errors; each has a code that clients match on and crosses the bus unchanged."""

from collections.abc import Mapping
from typing import ClassVar


class AerodromeError(Exception):
    """Base of all errors that a client may be told of.

    `rule` names the broken rule for the gateway's tables, "" where the code says it all; `details`
    fills the placeholders of the public text. Neither holds a secret or a personal datum. `noted` stands for the rule
    in the audit where the asker may be told less; it never crosses the bus.
    """

    code: ClassVar[str]

    def __init__(self, text: str, *, rule: str = "", details: Mapping[str, str] | None = None, noted: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.rule = rule
        self.details = dict(details or {})
        self.noted = noted or rule


class Invalid(AerodromeError):
    """The message itself is wrong: a type, a length, a missing value."""

    code = "invalid"


class Unauthenticated(AerodromeError):
    """Nobody is known to be asking: no credential, or one that is not valid."""

    code = "unauthenticated"


class Forbidden(AerodromeError):
    """The principal lacks the permission on the target."""

    code = "forbidden"


class NotFound(AerodromeError):
    """The thing does not exist, or the principal may not know that it does."""

    code = "not_found"


class Rejected(AerodromeError):
    """A rule of the domain forbids the command in the present state."""

    code = "rejected"


class WrongExpectedVersion(AerodromeError):
    """Another writer was first; the write path decides afresh."""

    code = "wrong_expected_version"


class Unavailable(AerodromeError):
    """Not now: nobody listens, a queue is full, a deadline has passed or a database is away."""

    code = "unavailable"


class Internal(AerodromeError):
    """A mistake of ours; the text is constant, what happened stands once in the answering service's log."""

    code = "internal"


class OutcomeUnknown(AerodromeError):
    """The database was lost while a command committed and did not come back before the deadline.

    No answer is true here, so none may be given: it never crosses the bus, and the asker repeats with the same id.
    """

    code = "outcome_unknown"


ERRORS: Mapping[str, type[AerodromeError]] = {
    kind.code: kind
    for kind in (Invalid, Unauthenticated, Forbidden, NotFound, Rejected, WrongExpectedVersion, Unavailable, Internal)
}
