"""How a wish is changed: what an update leaves, replaces and merges, and whether the driver has to know."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from services.deployments.contract import (
    DeploymentId,
    DeploymentUpdated,
    EnvironmentVariable,
    JsonObject,
    UpdateDeployment,
)
from services.deployments.domain.specification import (
    ALERT_EMAILS,
    Wish,
    alert_emails_text,
    check_specification,
    config_of,
    env_text,
    named_executor,
    plain_keys_of,
    properties_of,
)

_TOLD_TO_DRIVER: Final = (
    "version",
    "executor",
    "config",
    "properties",
    "cloud_role",
    "dag_deployment",
    "triggerer_replicas",
    "env_keys",
)
"""Source: houston 7.6; a change of the others never reaches it."""


def changed(wish: Wish, command: UpdateDeployment) -> Wish:
    """Return the wish after an update that breaks no rule; raise Rejected or Invalid for another."""
    config = wish.config if command.config is None else command.config
    if command.config_patch is not None:
        config = _merged(config, command.config_patch)
    executor = command.executor
    if executor is None and (command.config is not None or command.config_patch is not None):
        executor = named_executor(config)
    after = replace(
        wish,
        label=wish.label if command.label is None else command.label,
        description=wish.description if command.description is None else command.description,
        version=command.version or wish.version,
        executor=executor or wish.executor,
        config=config,
        properties=wish.properties if command.properties is None else {**wish.properties, **command.properties},
        env=wish.env if command.env is None else _kept_secrets(command.env, wish.env),
        cloud_role=wish.cloud_role if command.cloud_role is None else command.cloud_role,
        dag_deployment=wish.dag_deployment if command.dag_deployment is None else command.dag_deployment,
        triggerer_replicas=(
            wish.triggerer_replicas if command.triggerer_replicas is None else command.triggerer_replicas
        ),
    )
    check_specification(after)
    after = replace(after, config=config_of(after))
    return replace(after, properties={**properties_of(after), **_alerts(after.properties)})


def update_event(
    before: Wish, after: Wish, command: UpdateDeployment, *, deployment_id: DeploymentId, generation: int
) -> DeploymentUpdated | None:
    """Return the event that leads from one wish to the other, None where they are one."""
    fields: dict[str, object] = {}
    for name in ("label", "description", "version", "executor", "config", "cloud_role", "dag_deployment"):
        if getattr(after, name) != getattr(before, name):
            fields[name] = getattr(after, name)
    if after.triggerer_replicas != before.triggerer_replicas:
        fields["triggerer_replicas"] = after.triggerer_replicas
    if properties_of(after) != properties_of(before):
        fields["properties"] = properties_of(after)
    if after.env != before.env:
        fields["env_keys"] = tuple(variable.key for variable in after.env)
        fields["plain_keys"] = plain_keys_of(after.env)
        fields["env"] = env_text(after.env)
    if alert_emails_text(after) != alert_emails_text(before):
        fields["alert_emails"] = alert_emails_text(after) or "[]"
    if not fields:
        return None
    told = any(name in fields for name in _TOLD_TO_DRIVER)
    return DeploymentUpdated.model_validate(
        {
            **fields,
            "deployment_id": deployment_id,
            "generation": generation + 1 if told else generation,
            "updated_at": command.now,
        }
    )


def _merged(old: JsonObject, patch: JsonObject) -> JsonObject:
    """Return `old` with `patch` merged into it, objects at every depth; the depth of both is limited afterwards."""
    merged: dict[str, JsonValue] = dict(old)
    for name, value in patch.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[name] = dict(_merged(before, value))
        else:
            merged[name] = value
    return merged


def _kept_secrets(
    env: tuple[EnvironmentVariable, ...], before: tuple[EnvironmentVariable, ...]
) -> tuple[EnvironmentVariable, ...]:
    known = {variable.key: variable.value for variable in before if variable.is_secret}
    return tuple(
        variable.model_copy(update={"value": known[variable.key]})
        if variable.is_secret and not variable.value and variable.key in known
        else variable
        for variable in env
    )


def _alerts(properties: JsonObject) -> JsonObject:
    return {ALERT_EMAILS: properties[ALERT_EMAILS]} if ALERT_EMAILS in properties else {}
