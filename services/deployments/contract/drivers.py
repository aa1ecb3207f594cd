"""The names of the drivers, as settings hold them."""

from enum import StrEnum


class DriverName(StrEnum):
    """The drivers there are; `simulated` starts nothing."""

    SIMULATED = "simulated"
    LOCAL = "local"
    KUBERNETES = "kubernetes"
