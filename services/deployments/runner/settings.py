"""The settings of the runner."""

from pathlib import Path

from pydantic import Field, SecretStr

from services.deployments.settings import DeploymentsSettings


class RunnerSettings(DeploymentsSettings):
    """What `aerodrome runner` reads from its environment, beside what the deployments service reads.

    `airflow_folder` holds the Airflows. `airflow_database_url` is where their databases are made, as a role that may
    create databases and roles. `airflow_environments` holds the installed versions; the default is below the folder.
    """

    airflow_folder: Path
    airflow_database_url: SecretStr = Field(repr=False)
    airflow_environments: Path | None = None

    @property
    def environments_folder(self) -> Path:
        """The folder of the installed versions."""
        return self.airflow_environments or self.airflow_folder / "environments"
