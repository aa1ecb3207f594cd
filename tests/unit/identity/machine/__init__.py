"""The rules of the machine that the properties of identity are tested with: each is one wish."""

from tests.unit.identity.machine.accounts import LinkRules, SuspensionRules
from tests.unit.identity.machine.doing import Doing
from tests.unit.identity.machine.people import PeopleRules, RoleRules
from tests.unit.identity.machine.teams import TeamRules
from tests.unit.identity.machine.things import ThingRules

__all__ = ["Doing", "LinkRules", "PeopleRules", "RoleRules", "SuspensionRules", "TeamRules", "ThingRules"]
