"""Which response of each item wins, with what probability, and how the annotators did."""

from prefqa.consensus.engine import Method, consensus
from prefqa.consensus.labels import LabelConsensus, LabelMethod, label_consensus
from prefqa.consensus.pairs import PairSet, Select, Ties
from prefqa.consensus.result import ConsensusResult

__all__ = [
    "ConsensusResult",
    "LabelConsensus",
    "LabelMethod",
    "Method",
    "PairSet",
    "Select",
    "Ties",
    "consensus",
    "label_consensus",
]
