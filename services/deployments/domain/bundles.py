"""Which DAG files a deployment shall run."""

from dataclasses import dataclass

from services.deployments.contract import (
    ActivateDags,
    DeployDags,
    DeploymentDagsActivated,
    DeploymentDagsDeployed,
    DeploymentEvent,
    Rule,
)
from services.deployments.domain.state import Live
from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class AddBundle:
    """A bundle has arrived and was found to hold `files` files."""

    wish: DeployDags
    files: int


def decide_bundle(command: AddBundle | ActivateDags, live: Live) -> list[DeploymentEvent]:
    """Return the next version, or what makes an earlier one, named or of the same content, the one that runs.

    Raises Rejected for a version that is not kept; what runs already causes nothing.
    """
    return _add(command, live) if isinstance(command, AddBundle) else _activate(command, live)


def _add(command: AddBundle, live: Live) -> list[DeploymentEvent]:
    wish = command.wish
    same = next((each for each in live.bundles if each.sha256 == wish.sha256), None)
    if same is not None:
        return _activated(wish, same.version, live)
    return [
        DeploymentDagsDeployed(
            deployment_id=wish.deployment_id,
            version=live.bundles[-1].version + 1 if live.bundles else 1,
            sha256=wish.sha256,
            size=wish.size,
            files=command.files,
            description=wish.description,
            generation=live.generation + 1,
            deployed_at=wish.now,
        )
    ]


def _activate(command: ActivateDags, live: Live) -> list[DeploymentEvent]:
    if all(each.version != command.version for each in live.bundles):
        raise Rejected(f"there is no bundle {command.version} among the last ones", rule=Rule.UNKNOWN_BUNDLE)
    return _activated(command, command.version, live)


def _activated(command: DeployDags | ActivateDags, version: int, live: Live) -> list[DeploymentEvent]:
    if version == live.active_bundle:
        return []
    return [
        DeploymentDagsActivated(
            deployment_id=command.deployment_id,
            version=version,
            generation=live.generation + 1,
            activated_at=command.now,
        )
    ]
