"""What the rules of a deployment remember of its past."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Final, TypeAlias, assert_never

from pydantic import JsonValue

from services.deployments.contract import (
    KEPT_BUNDLES,
    DeploymentAirflowVersionSet,
    DeploymentBecameHealthy,
    DeploymentBecameUnhealthy,
    DeploymentCreated,
    DeploymentDagsActivated,
    DeploymentDagsDeployed,
    DeploymentDeleted,
    DeploymentEvent,
    DeploymentFailed,
    DeploymentHibernated,
    DeploymentHibernationRequested,
    DeploymentImageDeployed,
    DeploymentPurgeRequested,
    DeploymentRemoved,
    DeploymentRetryRequested,
    DeploymentSight,
    DeploymentUpdated,
    DeploymentWakeRequested,
    DeploymentWish,
    EnvironmentVariable,
    JsonObject,
    WorkspaceId,
)
from services.deployments.domain.images import Image, image_of, with_image
from services.deployments.domain.specification import ALERT_EMAILS, Wish
from shared.store.personal import Forgotten, clear_text


class Condition(Enum):
    """What the driver last said of the present generation; PENDING: nothing yet."""

    PENDING = auto()
    HEALTHY = auto()
    UNHEALTHY = auto()
    HIBERNATED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Bundle:
    """DAG files that were deployed."""

    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing of that id was ever created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """It is wanted: awake or asleep. `airflow_version` is the one that runs, "" before the first did."""

    workspace_id: WorkspaceId
    wish: Wish
    generation: int
    secrets: str = ""
    airflow_version: str = ""
    bundles: tuple[Bundle, ...] = ()
    active_bundle: int = 0
    asleep: bool = False
    condition: Condition = Condition.PENDING

    @property
    def bundle(self) -> str:
        """The SHA-256 of the bundle whose DAG files shall run, "" for none."""
        return next((each.sha256 for each in self.bundles if each.version == self.active_bundle), "")

    @property
    def label(self) -> str:
        """Its name in its workspace."""
        return self.wish.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """It is no longer wanted; `purged`: neither are its data; `removed`: its driver has left nothing of it."""

    workspace_id: WorkspaceId
    generation: int
    purged: bool
    condition: Condition = Condition.PENDING
    removed: bool = False


Deployment: TypeAlias = Absent | Live | Deleted


def evolve(deployment: Deployment, event: DeploymentEvent) -> Deployment:
    """Return the state after `event`."""
    if isinstance(event, DeploymentCreated):
        return _created(event)
    if isinstance(deployment, Absent):
        return deployment
    if isinstance(event, DeploymentSight):
        return _seen(deployment, event)
    return _wished(deployment, event)


def _wished(deployment: Live | Deleted, event: DeploymentWish) -> Deployment:
    match event:
        case DeploymentUpdated() | DeploymentAirflowVersionSet():
            return _changed(deployment, event) if isinstance(deployment, Live) else deployment
        case DeploymentDagsDeployed() | DeploymentDagsActivated():
            return _next(_bundled(deployment, event), event.generation)
        case DeploymentImageDeployed():
            return _next(_with_image(deployment, event), event.generation)
        case DeploymentHibernationRequested() | DeploymentWakeRequested():
            asleep = isinstance(event, DeploymentHibernationRequested)
            slept = replace(deployment, asleep=asleep) if isinstance(deployment, Live) else deployment
            return _next(slept, event.generation)
        case DeploymentRetryRequested():
            return _next(deployment, event.generation)
        case DeploymentDeleted():
            return Deleted(workspace_id=event.workspace_id, generation=event.generation, purged=event.hard)
        case DeploymentPurgeRequested():
            purged = replace(deployment, purged=True) if isinstance(deployment, Deleted) else deployment
            return _next(purged, event.generation)
        case _:
            assert_never(event)


def _seen(deployment: Live | Deleted, event: DeploymentSight) -> Deployment:
    match event:
        case DeploymentBecameHealthy():
            running = deployment.wish.next_version if isinstance(deployment, Live) else ""
            healthy = replace(deployment, condition=Condition.HEALTHY)
            return replace(healthy, airflow_version=running) if isinstance(healthy, Live) else healthy
        case DeploymentBecameUnhealthy():
            return replace(deployment, condition=Condition.UNHEALTHY)
        case DeploymentHibernated():
            return replace(deployment, condition=Condition.HIBERNATED)
        case DeploymentFailed():
            return replace(deployment, condition=Condition.FAILED)
        case DeploymentRemoved():
            return replace(deployment, removed=True) if isinstance(deployment, Deleted) else deployment
        case _:
            assert_never(event)


def _created(event: DeploymentCreated) -> Live:
    wish = Wish(
        label=event.label,
        release_name=event.release_name,
        executor=event.executor,
        version=event.version,
        airflow_version=event.airflow_version,
        type=event.type,
        description=event.description,
        config=event.config,
        properties={**event.properties, **alerts_of(event.alert_emails)},
        env=_variables(event.env_keys, event.plain_keys, event.env),
        cloud_role=event.cloud_role,
        dag_deployment=event.dag_deployment,
        triggerer_replicas=event.triggerer_replicas,
    )
    secrets = clear_text(event.secrets)
    return Live(workspace_id=event.workspace_id, wish=wish, generation=event.generation, secrets=secrets)


_PLAIN: Final = (
    "label",
    "description",
    "version",
    "executor",
    "config",
    "cloud_role",
    "dag_deployment",
    "triggerer_replicas",
)


def plain_changes(event: DeploymentUpdated) -> dict[str, Any]:
    """Return what an update says of the fields that a wish and a row have by the same names."""
    return {name: value for name in _PLAIN if (value := getattr(event, name)) is not None}


def _changed(live: Live, event: DeploymentUpdated | DeploymentAirflowVersionSet) -> Live:
    told = event.generation != live.generation
    condition = Condition.PENDING if told else live.condition
    if isinstance(event, DeploymentAirflowVersionSet):
        wish = replace(live.wish, airflow_version=event.airflow_version)
    else:
        wish = _updated(live.wish, event)
    return replace(live, wish=wish, generation=event.generation, condition=condition)


def _updated(wish: Wish, event: DeploymentUpdated) -> Wish:
    given = plain_changes(event)
    if event.env_keys is not None:
        given["env"] = _variables(event.env_keys, event.plain_keys or (), event.env)
    given["properties"] = properties_after(wish.properties, event)
    if event.config is not None and image_of(event.config) != image_of(wish.config):
        given["image_version"] = ""
    return replace(wish, **given)


def properties_after(before: JsonObject, event: DeploymentUpdated) -> JsonObject:
    """Return the properties after an update, which says of the addresses for alerts apart from the others."""
    others = {name: value for name, value in before.items() if name != ALERT_EMAILS}
    alerts = {name: value for name, value in before.items() if name == ALERT_EMAILS}
    if event.properties is not None:
        others = dict(event.properties)
    return {**others, **(alerts if event.alert_emails is None else alerts_of(event.alert_emails))}


def _bundled(deployment: Live | Deleted, event: DeploymentDagsDeployed | DeploymentDagsActivated) -> Live | Deleted:
    if not isinstance(deployment, Live):
        return deployment
    bundles = deployment.bundles
    if isinstance(event, DeploymentDagsDeployed):
        bundles = (*bundles, Bundle(event.version, event.sha256))[-KEPT_BUNDLES:]
    return replace(deployment, bundles=bundles, active_bundle=event.version)


def _with_image(deployment: Live | Deleted, event: DeploymentImageDeployed) -> Live | Deleted:
    if not isinstance(deployment, Live):
        return deployment
    wish = replace(
        deployment.wish,
        config=with_image(deployment.wish.config, Image(event.repository, event.tag)),
        image_version=event.image_version,
        airflow_version=event.airflow_version,
    )
    return replace(deployment, wish=wish)


def _next(deployment: Live | Deleted, generation: int) -> Deployment:
    return replace(deployment, generation=generation, condition=Condition.PENDING)


def _variables(
    keys: Sequence[str], plain: Sequence[str], env: str | Forgotten | None
) -> tuple[EnvironmentVariable, ...]:
    text = clear_text(env)
    values: dict[str, str] = json.loads(text) if text else {}
    return tuple(EnvironmentVariable(key=key, value=values.get(key, ""), is_secret=key not in plain) for key in keys)


def alerts_of(emails: str | Forgotten | None) -> dict[str, JsonValue]:
    """Return the property with the addresses for alerts, none where they are absent or forgotten."""
    text = clear_text(emails)
    return {ALERT_EMAILS: json.loads(text)} if text else {}
