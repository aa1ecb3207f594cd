"""What things of ours in a cluster are called, and the labels by which we find them again."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import JsonValue

from services.deployments.contract import DeploymentId

Json: TypeAlias = dict[str, JsonValue]
"""An object of JSON that is being made."""

INSTALLATION: Final = "aerodrome/installation"
DEPLOYMENT: Final = "aerodrome/deployment"
RELEASE: Final = "aerodrome/release"
DIGEST: Final = "aerodrome/digest"
"""The annotation of pods that tells which specification they were made by."""

OWNER: Final = "aerodrome"
"""The field manager of what we write, and the name of our own ConfigMap in a namespace."""

KEYS: Final = "aerodrome-keys"
BROKER: Final = "aerodrome-broker"
ENVIRONMENT: Final = "aerodrome-environment"
ADMIN: Final = "aerodrome-admin"
"""The names of Secrets; none is one that the chart would make, for helm would remove it again."""

_MARK_LETTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deployment is in a cluster. Each has a namespace of its own."""

    installation: str
    deployment_id: DeploymentId
    release: str

    @property
    def namespace(self) -> str:
        """The name of its namespace; a release name has at most 52 letters, a namespace 63."""
        return f"aerodrome-{self.release}"

    @property
    def labels(self) -> Mapping[str, str]:
        """What its namespace and all of its objects are labelled with."""
        return {INSTALLATION: self.installation, DEPLOYMENT: self.deployment_id, RELEASE: self.release}

    @property
    def path(self) -> str:
        """The path of its namespace at the cluster's API."""
        return f"/api/v1/namespaces/{self.namespace}"


def installation_of(master_key: bytes) -> str:
    """Return what tells this installation from others on the same cluster: the same for as long as its key is."""
    return hmac.new(master_key, b"kubernetes installation", hashlib.sha256).hexdigest()[:_MARK_LETTERS]
