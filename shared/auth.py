"""Who asks, what they hold, and the one check that a service makes on the target of a message."""

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Forbidden, Unauthenticated

SYSTEM: Final = "system"
"""The entity that stands for the whole installation; a grant on it reaches every other entity."""

MOST_GRANTS: Final = 200

_IPV6_SITE: Final = 64
"""Bits of an IPv6 address that tell one customer from another; within them one may choose freely."""


class PrincipalKind(StrEnum):
    """What kind of subject asks."""

    ANONYMOUS = "anonymous"
    USER = "user"
    SERVICE_ACCOUNT = "service_account"
    SERVICE = "service"


class Grant(BaseModel):
    """A role held on an entity: `system`, `workspace:<id>` or `deployment:<id>`."""

    model_config = ConfigDict(frozen=True)

    role: str
    entity: str


class Principal(BaseModel):
    """The subject of a message, with its grants and the permissions behind each role that it holds.

    `credential` is the id of the session or credential it came with. `permission_sets` maps each role of `grants` to
    its permission strings `scope.entity.action`, so that a service needs no table of roles.
    """

    model_config = ConfigDict(frozen=True)

    kind: PrincipalKind = PrincipalKind.ANONYMOUS
    subject: str = ""
    credential: str = ""
    grants: tuple[Grant, ...] = Field(default=(), max_length=MOST_GRANTS)
    permission_sets: Mapping[str, frozenset[str]] = Field(default_factory=dict[str, frozenset[str]])

    def role_for(self, permission: str, *entities: str) -> str | None:
        """Return the first role that holds `permission` on one of `entities` or on the system, else None."""
        reached = {SYSTEM, *entities}
        for grant in self.grants:
            if grant.entity in reached and permission in self.permission_sets.get(grant.role, frozenset()):
                return grant.role
        return None

    def holds(self, permission: str, *entities: str) -> bool:
        """Say whether `permission` is held on one of `entities` or on the system."""
        return self.role_for(permission, *entities) is not None

    def covers(self, other: "Principal") -> bool:
        """Say whether this one may do all that `other` may, by the grants that both carry."""
        own: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        for grant in self.grants:
            own[grant.entity] |= self.permission_sets.get(grant.role, frozenset())
        return all(
            other.permission_sets.get(grant.role, frozenset()) <= own[grant.entity] | own[SYSTEM]
            for grant in other.grants
        )

    def require(self, permission: str, *entities: str) -> str:
        """Return the role that allows `permission` on one of `entities` or on the system.

        Raises Unauthenticated when nobody asks, Forbidden when the principal lacks the permission.
        """
        if self.kind is PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")
        role = self.role_for(permission, *entities)
        if role is None:
            raise Forbidden(f"permission {permission} is required")
        return role


ANONYMOUS: Final = Principal()


class Origin(BaseModel):
    """Where a request came from: the client's address and what it calls itself; "" where that is not known.

    Both are personal data of the asker: never stored in the clear, never logged.
    """

    model_config = ConfigDict(frozen=True)

    address: str = Field(default="", repr=False)
    agent: str = Field(default="", repr=False)

    @property
    def site(self) -> str:
        """Return what of the address tells one source from another: all of IPv4, the first 64 bits of IPv6."""
        try:
            read = ip_address(self.address)
        except ValueError:
            return self.address
        if read.version == 4:
            return str(read)
        mapped = read.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((read, _IPV6_SITE), strict=False))


NOWHERE: Final = Origin()
"""The origin of what no client asked for."""


def workspace(workspace_id: str) -> str:
    """Return the entity of a workspace."""
    return f"workspace:{workspace_id}"


def deployment(deployment_id: str) -> str:
    """Return the entity of a deployment."""
    return f"deployment:{deployment_id}"


def service_principal(name: str) -> Principal:
    """Return the principal `service:<name>` of a policy or worker; it holds no grants of its own."""
    return Principal(kind=PrincipalKind.SERVICE, subject=f"service:{name}")
