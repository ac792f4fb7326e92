"""The learner truth: nothing is learnt. The map of each frame is the pseudo ground truth that the miner makes of it.

It shows how good the truths are that a student learns from: LS of NR (Eq. 6), FS of LIM (Eq. 19, "PA" in Table III).
"""

from __future__ import annotations

from collections.abc import Sequence

from boostvsod.boosting.parts import Learning
from boostvsod.boosting.store import Store
from boostvsod.errors import ConfigError
from boostvsod.errors.user_code import user_code
from boostvsod.kinds import Evidence, MakesTruth, Map, Mined
from boostvsod.media.maps import check_map
from boostvsod.media.video import Piece


class OwnTruth:
    """A learner that asks the miner for the truth of every frame, mined or not."""

    def __init__(self, piece: Piece, parts: Learning, store: Store) -> None:
        if not isinstance(parts.miner, MakesTruth):
            raise ConfigError(
                f"recipe.learner=truth: the miner {parts.recipe.miner!r} makes truths of mined frames only"
            )
        assert parts.evidence is not None, "mining comes before learning"
        self.miner: MakesTruth = parts.miner
        self.evidence: Evidence = parts.evidence
        self.who = f"miner {parts.recipe.miner}"

    def fit(self, truths: Sequence[Mined]) -> None:
        """Learn nothing."""

    def predict(self, piece: Piece, numbers: Sequence[int]) -> list[Map]:
        """The truths of some frames."""
        return [self._truth(piece, i) for i in numbers]

    def _truth(self, piece: Piece, i: int) -> Map:
        with user_code(self.who, piece.names[i]):
            truth = self.miner.truth(self.evidence, i)
        return check_map(truth, piece[i].rgb.shape[:2], self.who, piece.names[i])
