"""What the driver offers, held against what is asked for."""

from services.deployments.contract import CreateDeployment, Executor, Rule
from services.deployments.domain.specification import DEFAULT_AIRFLOW_VERSION, named_executor
from services.deployments.drivers.protocol import Capabilities
from shared.errors import Rejected


def completed(command: CreateDeployment, offered: Capabilities) -> CreateDeployment:
    """Return the command with what the driver takes where the asker names nothing."""
    executor = command.executor or named_executor(command.config) or offered.default_executor
    newest = offered.airflow_versions[0] if offered.airflow_versions else DEFAULT_AIRFLOW_VERSION
    return command.model_copy(update={"executor": executor, "airflow_version": command.airflow_version or newest})


def require_offered(offered: Capabilities, executor: Executor | None, airflow_version: str) -> None:
    """Raise Rejected for an executor or a version that the driver does not offer; None and "" ask for none."""
    if executor is not None and executor not in offered.executors:
        raise Rejected(
            f"executor {executor} is not offered by the driver",
            rule=Rule.EXECUTOR_NOT_OFFERED,
            details={"wanted": executor, "offered": ", ".join(offered.executors)},
        )
    versions = offered.airflow_versions
    if airflow_version and versions is not None and airflow_version not in versions:
        raise Rejected(
            "the airflow version is not offered by the driver",
            rule=Rule.VERSION_NOT_OFFERED,
            details={"wanted": airflow_version[:64], "offered": ", ".join(versions)},
        )


def require_images(offered: Capabilities) -> None:
    """Raise Rejected where the driver runs no images."""
    if not offered.images:
        raise Rejected("the driver runs no images", rule=Rule.IMAGES_NOT_OFFERED)


def require_dags(offered: Capabilities) -> None:
    """Raise Rejected where the driver runs no DAG files but those of the image."""
    if not offered.dags:
        raise Rejected("DAG files come with the deployment's image here", rule=Rule.DAGS_NOT_OFFERED)
