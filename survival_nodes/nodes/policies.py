"""How what is left open is settled: a policy is a value, printed with every report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from ..errors import UsageError, unknown_name

_ALLOWED = {
    "size_not_stated": ("macro", "unknown"),
    "counts_only": ("unknown", "macro"),
    "clinical": ("ignore",),
    "on_size_conflict": ("unknown", "prefer_size", "prefer_code"),
    "on_positivity_conflict": ("unknown", "keep_code"),
    "mol_positive": ("negative", "unknown"),
    "itc_not_excluded": ("negative", "unknown"),
    "usual_reading": ("use", "unknown"),
    "harmonise": (None, 3, 4, 5, 6, 7, 8),
}


@dataclass(frozen=True)
class Policy:
    """What to do where the evidence leaves more than one category, or contradicts itself.

    Parameters
    ----------
    size_not_stated
        Positive nodes whose code does not state the size (pN1, pN2): `macro`, or `unknown`.
    counts_only
        Nothing but a number of positive nodes: `unknown`, or `macro` (the usual grouping, which counts micrometastases in).
    clinical
        Clinical categories say nothing of a deposit: `ignore`.
    on_size_conflict
        A measured size against a code: `unknown`, `prefer_size` or `prefer_code`.
    on_positivity_conflict
        A code against the number of positive nodes: `unknown`, or `keep_code`.
    mol_positive
        Histology negative, molecular test positive: `negative`, or `unknown`.
    itc_not_excluded
        Plain pN0, where isolated tumour cells may hide: `negative`, or `unknown`.
    usual_reading
        What a code itself usually means where it leaves two classes (pN1a before the 6th edition: micrometastasis): `use`, or `unknown`.
    harmonise
        The edition whose limit of 200 cells is applied to every patient (8, say); None leaves each to its own edition.

    Raises
    ------
    UsageError
        If a value is not one of those listed.

    >>> Policy(counts_only="macro").name
    'own'
    """

    size_not_stated: str = "macro"
    counts_only: str = "unknown"
    clinical: str = "ignore"
    on_size_conflict: str = "unknown"
    on_positivity_conflict: str = "unknown"
    mol_positive: str = "negative"
    itc_not_excluded: str = "negative"
    usual_reading: str = "use"
    harmonise: int | None = None

    def __post_init__(self) -> None:
        for option in fields(self):
            value, allowed = getattr(self, option.name), _ALLOWED[option.name]
            if not any(value is one or (type(value) is type(one) and value == one) for one in allowed):
                raise UsageError(unknown_name(f"value of {option.name}", value, allowed))

    @property
    def name(self) -> str:
        """The name of a policy that has one (`default`, `strict`), or `own`."""
        return next((name for name, policy in POLICIES.items() if policy == self), "own")

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that differ between any two policies, for reports."""
        import hashlib

        return hashlib.sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()[:8]

    @property
    def words(self) -> str:
        """Its name, its fingerprint and every option, as a report prints them.

        >>> Policy(harmonise=8).words.partition(": ")[2][-32:]
        ', usual_reading=use, harmonise=8'
        """
        options = ", ".join(f"{name}={'none' if value is None else value}" for name, value in asdict(self).items())
        return f"{self.name} (fingerprint {self.fingerprint}): {options}"


POLICIES = {
    "default": Policy(),
    "strict": Policy(size_not_stated="unknown", mol_positive="unknown", itc_not_excluded="unknown", usual_reading="unknown"),
}


def policy_of(policy: str | Policy) -> Policy:
    """Give the policy of a name, or the policy itself; UsageError for another name.

    >>> policy_of("strict").size_not_stated
    'unknown'
    """
    if isinstance(policy, Policy):
        return policy
    if not isinstance(policy, str) or policy not in POLICIES:
        raise UsageError(unknown_name("policy", policy, POLICIES))
    return POLICIES[policy]
