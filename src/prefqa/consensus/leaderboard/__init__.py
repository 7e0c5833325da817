"""Names, such as models, ranked by all votes between them across items."""

from prefqa.consensus.leaderboard.estimate import leaderboard
from prefqa.consensus.leaderboard.models import Ties
from prefqa.consensus.leaderboard.options import Annotators, Inference, Kind, Method
from prefqa.consensus.leaderboard.result import LeaderboardResult

__all__ = ["Annotators", "Inference", "Kind", "LeaderboardResult", "Method", "Ties", "leaderboard"]
