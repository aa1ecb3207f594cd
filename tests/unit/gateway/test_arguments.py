"""Arguments that hold JSON."""

import pytest

from services.gateway.resolvers.arguments import MOST_SAID, checked, payload_of
from services.identity.contract import SetTeamRole
from shared.audit.messages import Audit
from shared.errors import Invalid


def test_a_payload_may_hold_what_is_known_or_nothing() -> None:
    assert payload_of({"label": "x"}, "label", "category") == {"label": "x"}
    assert payload_of({}, "label") == payload_of(None, "label") == {}


def test_unknown_members_of_a_payload_are_named_in_bounds() -> None:
    with pytest.raises(Invalid, match="may hold label, category, but not colour, size"):
        payload_of({"size": 1, "label": "x", "colour": 2}, "label", "category")
    with pytest.raises(Invalid) as raised:
        payload_of({"x" * 10_000: 1}, "label")
    assert len(str(raised.value)) < 2 * MOST_SAID


@pytest.mark.parametrize("value", [[], "x", 5, True])
def test_a_payload_must_be_an_object(value: object) -> None:
    with pytest.raises(Invalid, match="must be an object"):
        payload_of(value, "label")


def test_what_a_message_refuses_is_told_by_the_names_of_the_arguments() -> None:
    for arguments, told in (({"limit": "take"}, "take: "), ({}, "limit: ")):
        with pytest.raises(Invalid, match=told), checked(**arguments):
            Audit(limit=0)
    with pytest.raises(Invalid, match="deploymentRoles: "), checked():
        SetTeamRole.model_validate(
            {"team_id": "t", "entity": "system", "role": "SYSTEM_VIEWER", "deployment_roles": "none"}
        )
