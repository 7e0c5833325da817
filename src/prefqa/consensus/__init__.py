"""Which response of each item wins, with what probability, and how the annotators did."""

from prefqa.consensus.by_criterion import CriterionPairs, joined
from prefqa.consensus.engine import Method, consensus
from prefqa.consensus.labels import LabelConsensus, LabelMethod, label_consensus
from prefqa.consensus.margins import Margin
from prefqa.consensus.pair_set import PairSet, PairSplit
from prefqa.consensus.pairs import Select, Ties
from prefqa.consensus.plan import RelabelPlan
from prefqa.consensus.result import ConsensusResult

__all__ = [
    "ConsensusResult",
    "CriterionPairs",
    "LabelConsensus",
    "LabelMethod",
    "Margin",
    "Method",
    "PairSet",
    "PairSplit",
    "RelabelPlan",
    "Select",
    "Ties",
    "consensus",
    "joined",
    "label_consensus",
]
