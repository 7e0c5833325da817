"""How much annotators agree, how sure that is, where and with whom they do not, and what it means."""

from prefqa.agreement.association import AssociationResult, association
from prefqa.agreement.differences import differences
from prefqa.agreement.disagreement import DisagreementResult, disagreement
from prefqa.agreement.estimate import AgreementResult, agreement
from prefqa.agreement.meaning import BENCHMARKS, meaning
from prefqa.agreement.plan import PlanResult, plan, spearman_brown
from prefqa.agreement.registry import COEFFICIENTS, TARGETS
from prefqa.agreement.weights import WEIGHTS

__all__ = [
    "BENCHMARKS",
    "COEFFICIENTS",
    "TARGETS",
    "WEIGHTS",
    "AgreementResult",
    "AssociationResult",
    "DisagreementResult",
    "PlanResult",
    "agreement",
    "association",
    "differences",
    "disagreement",
    "meaning",
    "plan",
    "spearman_brown",
]
