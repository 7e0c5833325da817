"""How much annotators agree, and how sure that is."""

from prefqa.agreement.estimate import AgreementResult, agreement
from prefqa.agreement.registry import COEFFICIENTS

__all__ = ["COEFFICIENTS", "AgreementResult", "agreement"]
