"""A Study (the analysis plan) is a value; run() is its verb; out come Findings: frames, nothing drawn."""

from .findings import Findings, Section
from .hypotheses import Expected, Hypothesis
from .published_claim import PublishedClaim
from .study import Study, Words

__all__ = ["Expected", "Findings", "Hypothesis", "PublishedClaim", "Section", "Study", "Words"]
