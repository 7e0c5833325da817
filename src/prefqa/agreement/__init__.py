"""How much annotators agree, and how sure that is."""

from prefqa.agreement.estimate import AgreementResult, agreement
from prefqa.agreement.registry import COEFFICIENTS, TARGETS
from prefqa.agreement.weights import WEIGHTS

__all__ = ["COEFFICIENTS", "TARGETS", "WEIGHTS", "AgreementResult", "agreement"]
