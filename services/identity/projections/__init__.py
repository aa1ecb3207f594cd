"""The read models of identity, and the pure folds behind them that the replies of commands use too."""

from collections.abc import Sequence
from typing import Final

from services.identity.projections.all import ReadModels
from shared.followers.projection import Projection

PROJECTIONS: Final[Sequence[Projection]] = (ReadModels(),)
