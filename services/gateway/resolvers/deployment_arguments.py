"""What is sent of a deployment, as commands carry it."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from services.deployments.contract import EnvironmentVariable, Executor, JsonObject, Rule
from services.gateway.resolvers.arguments import mapping
from shared.errors import Invalid

_COMPONENTS: Final = ("workers", "webserver", "scheduler")
_ITEMS: Final[TypeAdapter[list[dict[str, Any]]]] = TypeAdapter(list[dict[str, Any]])


def refuse_runtime(sent: Mapping[str, Any]) -> None:
    """Raise Invalid where a version of Astro Runtime is asked for."""
    if sent.get("runtime_version") or sent.get("desired_runtime_version"):
        raise Invalid("Astro Runtime is not offered here, ask for an airflowVersion", rule=Rule.INVALID_VERSION)


def executor_in(sent: Mapping[str, Any]) -> Executor | None:
    """Return the executor, None where none is named."""
    named = sent.get("executor")
    return Executor(named) if named else None


def object_in(name: str, value: Any) -> JsonObject | None:
    """Return a JSON argument that must be an object, None where it is not given."""
    return None if value is None else mapping(name, value)


def components_in(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sizes of components that are given as arguments of their own, as they stand in a configuration."""
    return {name: _camel(sent[name]) for name in _COMPONENTS if sent.get(name)}


def dag_deployment_in(sent: Mapping[str, Any]) -> JsonObject | None:
    """Return how DAG files are to come; an empty object, which the CLI always sends, means nothing."""
    given = sent.get("dag_deployment")
    return _camel(given) if given else None


def replicas_in(sent: Mapping[str, Any]) -> int | None:
    """Return how many triggerers are asked for, None where nobody says."""
    replicas: int | None = mapping("triggerer", sent.get("triggerer")).get("replicas")
    return replicas


def _camel(given: Mapping[str, Any]) -> dict[str, Any]:
    return {to_camel(name): value for name, value in given.items() if value is not None}


def environment_in(given: Any, *, secret: bool = True) -> tuple[EnvironmentVariable, ...] | None:
    """Return variables as they are sent; `secret`: what one is that does not say."""
    if given is None:
        return None
    try:
        items = _ITEMS.validate_python(given)
        return tuple(
            EnvironmentVariable(
                key=item["key"],
                value=item.get("value") or "",
                is_secret=secret if (said := item.get("is_secret", item.get("isSecret"))) is None else said,
            )
            for item in items
        )
    except (ValidationError, KeyError):
        text = "the environment must be a list of objects with a key, a value and isSecret"
        raise Invalid(text, rule=Rule.INVALID_VARIABLE) from None
