"""A selection of patients by cohort rules: one rule after the other, each a counted step, the rows copied once at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..errors import InputError, UsageError, nearest, unknown_name
from .cohort import Cohort
from .entries import Entries
from .ledger import Ledger
from .own_rule import Rule, judged
from .rules import COHORT_RULES, KEPT, RULE_SETS, CohortRule, find_rule

NOT_CHECKED, NOT_APPLIED = "not checked", "not applied, as asked"


def select(cohort: Cohort, rules: str | Rule | CohortRule | Sequence[str | Rule | CohortRule], without: str | Iterable[str] = ()) -> Cohort:
    """Keep the patients that every rule keeps; the rows of the cohort are judged where they lie."""
    chosen = chosen_rules(rules)
    left_out = names_left_out(without, [rule.name for rule, _ in chosen])
    selection = _Selection(cohort)
    for rule, asked in chosen:
        if rule.name in left_out:
            selection.note(rule.name, NOT_APPLIED)
        elif isinstance(rule, CohortRule):
            selection.apply(rule, asked)
        else:
            selection.apply_own(rule)
    return selection.cohort()


def select_one(cohort: Cohort, name: str, reason: str = "") -> Cohort:
    """Apply one rule by its name; a reason given takes the place of the rule's own words."""
    selected = select(cohort, (name,))
    *before, step = selected.ledger.steps
    return replace(selected, ledger=Ledger((*before, replace(step, reason=reason)))) if reason else selected


def chosen_rules(rules: str | Rule | CohortRule | Sequence[str | Rule | CohortRule]) -> list[tuple[Rule | CohortRule, bool]]:
    """Give the rules in order, each once, and whether it was asked for by its own name (a set does without a rule it cannot check).

    Raises
    ------
    UsageError
        If there is no rule or set of a name.

    >>> [(rule.name, asked) for rule, asked in chosen_rules(["default", "female"])][:2]
    [('female', True), ('invasive', False)]
    """
    asked_for = [rules] if isinstance(rules, (str, Rule, CohortRule)) else list(rules) if isinstance(rules, Iterable) else [rules]
    chosen: dict[object, tuple[Rule | CohortRule, bool]] = {}
    for each in asked_for:
        if isinstance(each, str) and each in RULE_SETS:
            for name in RULE_SETS[each]:
                chosen.setdefault(name, (find_rule(name), False))
            continue
        rule = find_rule(each) if isinstance(each, str) else each
        if not isinstance(rule, (Rule, CohortRule)):
            if isinstance(each, str):
                raise UsageError(unknown_name("cohort rule or set of rules", each, [*RULE_SETS, *(one.name for one in COHORT_RULES)]))
            raise UsageError("rules are the name of a set, as \"default\", the name of a rule, a Rule, or a sequence of these")
        chosen[rule.name if isinstance(rule, CohortRule) else id(rule)] = (rule, True)
    return list(chosen.values())


def names_left_out(without: str | Iterable[str], names: list[str]) -> set[str]:
    """Give the names of the rules that are not to be applied; UsageError where one is not among those chosen."""
    left_out = [without] if isinstance(without, str) else list(without)
    for name in left_out:
        if name not in names:
            raise UsageError(f"without: {unknown_name('rule among those chosen', name, names)}")
    return set(left_out)


class _Selection:
    """Which rows are still in, and the ledger so far; the cohort itself is not changed."""

    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort
        self._entries = Entries(cohort.frame)
        self._in = np.ones(len(cohort), dtype=bool)
        self._ledger = cohort.ledger

    def cohort(self) -> Cohort:
        """Give the cohort of the rows that are still in."""
        return self._cohort._with_rows(self._in, self._ledger)

    def note(self, name: str, reason: str) -> None:
        """Write a step that leaves nobody out."""
        self._ledger = self._ledger.then(name, reason, self._cohort.whose.count(self._in))

    def apply(self, rule: CohortRule, asked: bool) -> None:
        """Apply a rule of ours; where a column it needs is not there, a set says so and goes on."""
        lacking = rule.lacking(self._entries)
        if lacking and not rule.essential:
            if asked:
                hint = nearest(rule.columns[0], self._cohort.frame.columns)
                raise InputError(f"the rule {rule.name!r} cannot be applied: {lacking}{hint}; map or add it, or leave the rule out")
            return self.note(rule.name, f"{NOT_CHECKED}: {lacking}")
        rule.check_words(self._entries)
        found = rule.judge(self._entries)
        if rule.essential and len(found) and not (found == KEPT).any() and (lacking or (found > 0).any()):
            raise InputError(
                f"nothing tells {rule.essential}: the column {rule.columns[0]!r} is not there or never says 'no'. Add it (yes, no, unknown), or leave "
                f'the rule out by name, without=("{rule.name}",), and say so; "no-known-neoadjuvant" then leaves out those known to be treated')
        before, self._in = self._in, self._in & (found == KEPT)
        counts = self._count_faults(before & ~self._in, found, len(rule.faults))
        self._ledger = self._ledger.then(rule.name, rule.reason_with(counts), self._cohort.whose.count(self._in))

    def apply_own(self, rule: Rule) -> None:
        """Apply a rule of the user's to a copy of the rows that are still in."""
        rows = self._cohort.frame.loc[self._in].reset_index(drop=True)
        still = self._in.copy()
        still[self._in] = judged(rule, rows)
        self._in = still
        self.note(rule.name, rule.reason or f"not {rule.name}")

    def _count_faults(self, out: np.ndarray, found: np.ndarray, n: int) -> np.ndarray:
        """Count the patients who leave with these rows by their fault; a patient in pieces leaves with the last of them, for the first fault."""
        whose = self._cohort.whose
        return whose.tally(found, n, out if whose.codes is None else out & ~whose.all_rows_of(self._in))
