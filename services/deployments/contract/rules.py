"""The rule codes that this service's errors carry, and what their details hold."""

from enum import StrEnum


class Rule(StrEnum):
    """Why a command was not done; the gateway's tables give each its public text.

    Details: `label` for LABEL_IN_USE; `property` for INVALID_PROPERTY; for RESERVED_VARIABLE `variables` (names joined
    as `A, B and C`) and `verb` (`is` or `are`); `variable` for INVALID_VARIABLE; `wanted` and `offered` for
    VERSION_NOT_OFFERED and EXECUTOR_NOT_OFFERED; `wanted` and `running` for AIRFLOW_DOWNGRADE.
    """

    DEPLOYMENTS_EXIST = "deployments_exist"
    WORKSPACE_CLOSED = "workspace_closed"
    LABEL_IN_USE = "label_in_use"
    RELEASE_NAME_IN_USE = "release_name_in_use"
    INVALID_LABEL = "invalid_label"
    INVALID_DESCRIPTION = "invalid_description"
    INVALID_TYPE = "invalid_type"
    INVALID_VERSION = "invalid_version"
    INVALID_EXECUTOR = "invalid_executor"
    INVALID_RELEASE_NAME = "invalid_release_name"
    INVALID_CONFIG = "invalid_config"
    INVALID_VARIABLE = "invalid_variable"
    RESERVED_VARIABLE = "reserved_variable"
    INVALID_PROPERTY = "invalid_property"
    MAX_CPU_EXCEEDED = "max_cpu_exceeded"
    MAX_MEMORY_EXCEEDED = "max_memory_exceeded"
    MIN_EXTRA_AU_NOT_MET = "min_extra_au_not_met"
    INVALID_TRIGGERER = "invalid_triggerer"
    INVALID_IMAGE = "invalid_image"
    INVALID_BUNDLE = "invalid_bundle"
    UNKNOWN_BUNDLE = "unknown_bundle"
    DAGS_NOT_OFFERED = "dags_not_offered"
    VERSION_NOT_OFFERED = "version_not_offered"
    EXECUTOR_NOT_OFFERED = "executor_not_offered"
    IMAGES_NOT_OFFERED = "images_not_offered"
    ADOPTION_NOT_OFFERED = "adoption_not_offered"
    AIRFLOW_DOWNGRADE = "airflow_downgrade"
    AIRFLOW_AWAY = "airflow_away"
    NOT_FAILED = "not_failed"
    STALE_GENERATION = "stale_generation"
