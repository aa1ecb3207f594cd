"""A deployment's row, folded from its events."""

import json
from collections.abc import Sequence
from typing import Any, assert_never

from services.deployments.contract import (
    KEPT_BUNDLES,
    BundleRow,
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
    DeploymentRow,
    DeploymentSight,
    DeploymentUpdated,
    DeploymentWakeRequested,
    DeploymentWish,
    State,
    Trouble,
    VariableRow,
    status_of,
)
from services.deployments.domain.images import Image, image_of, latest_cli_tag, with_image
from services.deployments.domain.state import alerts_of, plain_changes, properties_after
from shared.store.personal import Forgotten, clear_text


def evolve_row(row: DeploymentRow | None, event: DeploymentEvent) -> DeploymentRow | None:
    """Return the row after the event; None once the record of a deployment is dropped."""
    if isinstance(event, DeploymentCreated):
        return _created(event)
    if row is None:
        return None
    return _seen(row, event) if isinstance(event, DeploymentSight) else _wish(row, event)


def _wish(row: DeploymentRow, event: DeploymentWish) -> DeploymentRow:
    match event:
        case DeploymentUpdated():
            return _updated(row, event)
        case DeploymentAirflowVersionSet():
            first = {} if row.observed_generation else {"airflow_version": event.airflow_version}
            desired = {"desired_airflow_version": event.airflow_version, "updated_at": event.set_at, **first}
            return _wished(row, event.generation, **desired)
        case DeploymentDagsDeployed():
            bundles = (*row.bundles, _bundle(event))[-KEPT_BUNDLES:]
            return _wished(row, event.generation, bundles=bundles, active_bundle=event.version)
        case DeploymentDagsActivated():
            return _wished(row, event.generation, active_bundle=event.version)
        case DeploymentImageDeployed():
            return _imaged(row, event)
        case DeploymentHibernationRequested():
            return _wished(row, event.generation, asleep=True, updated_at=event.requested_at)
        case DeploymentWakeRequested():
            after = _wished(row, event.generation, asleep=False, updated_at=event.requested_at)
            return _in(after, State.WAKING)
        case DeploymentRetryRequested() | DeploymentPurgeRequested():
            return _wished(row, event.generation)
        case DeploymentDeleted():
            deleted = row.model_copy(update={"hard": event.hard, "deleted_at": event.deleted_at})
            return _wished(deleted, event.generation, updated_at=event.deleted_at)
        case _:
            assert_never(event)


def _seen(row: DeploymentRow, event: DeploymentSight) -> DeploymentRow | None:
    match event:
        case DeploymentBecameHealthy():
            running = row.image_version or row.desired_airflow_version
            healthy = row.model_copy(update={"airflow_version": running, "trouble": None})
            return _in(healthy, State.HEALTHY, observed_generation=event.generation)
        case DeploymentBecameUnhealthy():
            return _in(row, State.UNHEALTHY, trouble=Trouble(reason="; ".join(event.complaints)))
        case DeploymentHibernated():
            state = State.DELETED if row.deleted_at else State.HIBERNATED
            return _in(row, state, observed_generation=event.generation, trouble=None)
        case DeploymentFailed():
            return _failed(row, event)
        case DeploymentRemoved():
            return None
        case _:
            assert_never(event)


def _created(event: DeploymentCreated) -> DeploymentRow:
    return DeploymentRow(
        id=event.deployment_id,
        workspace_id=event.workspace_id,
        label=event.label,
        description=event.description,
        release_name=event.release_name,
        type=event.type,
        version=event.version,
        airflow_version=event.airflow_version,
        desired_airflow_version=event.airflow_version,
        executor=event.executor,
        config=event.config,
        properties={**event.properties, **alerts_of(event.alert_emails)},
        cloud_role=event.cloud_role,
        dag_deployment=event.dag_deployment,
        triggerer_replicas=event.triggerer_replicas,
        variables=_variables(event.env_keys, event.plain_keys, event.env),
        cli_tag=latest_cli_tag("", event.config),
        state=State.CREATING,
        status=status_of(State.CREATING),
        generation=event.generation,
        created_at=event.created_at,
        updated_at=event.created_at,
    )


def _updated(row: DeploymentRow, event: DeploymentUpdated) -> DeploymentRow:
    changes = plain_changes(event)
    if event.env_keys is not None:
        changes["variables"] = _variables(event.env_keys, event.plain_keys or (), event.env)
    changes["properties"] = properties_after(row.properties, event)
    changes["updated_at"] = event.updated_at
    if event.config is not None and image_of(event.config) != image_of(row.config):
        changes |= {"image_version": "", "cli_tag": latest_cli_tag(row.cli_tag, event.config)}
    if event.generation == row.generation:
        return row.model_copy(update=changes)
    return _wished(row, event.generation, **changes)


def _imaged(row: DeploymentRow, event: DeploymentImageDeployed) -> DeploymentRow:
    config = with_image(row.config, Image(event.repository, event.tag))
    first = {} if row.observed_generation else {"airflow_version": event.airflow_version}
    return _wished(
        row,
        event.generation,
        config=config,
        image_version=event.image_version,
        cli_tag=latest_cli_tag(row.cli_tag, config),
        desired_airflow_version=event.airflow_version,
        updated_at=event.deployed_at,
        **first,
    )


def _wished(row: DeploymentRow, generation: int, **changes: Any) -> DeploymentRow:
    """Return the row with another wish, in the state of one who waits for it to come true."""
    after = row.model_copy(update={**changes, "generation": generation, "trouble": None})
    if after.deleted_at:
        return _in(after, State.DELETING)
    if after.asleep:
        return _in(after, State.HIBERNATING)
    return _in(after, State.UPDATING if after.observed_generation else State.CREATING)


def _bundle(event: DeploymentDagsDeployed) -> BundleRow:
    return BundleRow(
        version=event.version,
        sha256=event.sha256,
        size=event.size,
        files=event.files,
        description=event.description,
        deployed_at=event.deployed_at,
    )


def _failed(row: DeploymentRow, event: DeploymentFailed) -> DeploymentRow:
    lines = clear_text(event.lines)
    trouble = Trouble(step=event.step, reason=event.reason, lines=tuple(json.loads(lines)) if lines else ())
    if row.deleted_at:
        return _in(row, State.DELETE_FAILED, trouble=trouble)
    return _in(row, State.UPDATE_FAILED if row.observed_generation else State.CREATE_FAILED, trouble=trouble)


def _in(row: DeploymentRow, state: State, **changes: Any) -> DeploymentRow:
    return row.model_copy(update={"state": state, "status": status_of(state), **changes})


def _variables(keys: Sequence[str], plain: Sequence[str], env: str | Forgotten | None) -> tuple[VariableRow, ...]:
    text = clear_text(env)
    values: dict[str, str] = json.loads(text) if text else {}
    return tuple(
        VariableRow(key=key, value=values.get(key, ""), is_secret=False) if key in plain else VariableRow(key=key)
        for key in keys
    )
