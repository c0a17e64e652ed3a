"""Formulas worked out here against formulaic's names and numbers, and on patterns against all rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from formulaic import Formula

from survival_nodes.cohort import Cohort
from survival_nodes.errors import InputError
from survival_nodes.estimates.design import build_design
from survival_nodes.estimates.formulas import materialise
from survival_nodes.estimates.plain_formulas import plain_formula
from survival_nodes.estimates.splines import transforms

PLAIN = (
    "age", "node", "age + node", "I((age-61)/10)+node", "log( size )+ exp(-size) + I(age**2) + I(age/10.0)", "C(grade) + age", "grade + C(node)",
    "~ age + grade", "log2(size) + log10(size) + I(1e3*size - age)", "age + age + node", "I(+size) + single",
)
OTHER = (
    "age * node", "age:node + node", "node - 1", "0 + node", "rcs(size, 3)", "rcs(age, [42, 45, 50])", "center(size) + node", "scale(age):node", "poly(age, 2)",
    "bs(size, df=4) + grade", "node*C(grade)", "I(age > 45)", "`size` + age", "marker:node + center(marker)", "rcs(marker, 4) * node", "poly(marker, 2) + bs(marker, df=4)",
    "C(grade) + grade",
)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    generator, n = np.random.default_rng(11), 1500
    frame = pd.DataFrame({
        "years": generator.integers(1, 90, n), "event": generator.integers(0, 2, n), "age": generator.integers(40, 60, n).astype(float),
        "size": generator.choice([0.5, 1, 2, 3.25, 7, 9], n), "grade": generator.choice([1.0, 2, 3, np.nan], n), "single": "one",
        "node": generator.choice(["negative", "micro", "macro"], n), "marker": generator.normal(size=n)})
    return Cohort.from_frame(frame, time_unit="months", levels={"node": ["negative", "micro", "macro"]})


def of_all_rows(formula: str, cohort: Cohort) -> tuple[list[str], np.ndarray]:
    """What formulaic makes of every complete row."""
    names = [name for name in cohort.frame if name in formula and name in {"age", "size", "grade", "single", "node", "marker"}]
    frame = cohort.model_frame(names).dropna()
    if "C(grade)" in formula and formula.count("grade") == 1:
        frame["grade"] = pd.Categorical(frame["grade"].astype(int).astype(str))
    whole = Formula(["1", *(term for term in Formula(formula) if str(term) not in {"0", "1"})])
    matrix = whole.get_model_matrix(frame, context=transforms(), na_action="ignore")
    return list(matrix.columns)[1:], matrix.to_numpy(dtype=float)[:, 1:]


@pytest.mark.filterwarnings("ignore::survival_nodes.errors.DataWarning")
@pytest.mark.parametrize("formula", [*PLAIN, *OTHER, "marker + node", "I(marker * age) + log(size)"])
def test_patterns_are_worked_out_as_rows_are(formula, cohort):
    design, (names, matrix) = build_design(formula, cohort), of_all_rows(formula, cohort)
    assert list(design.names) == names
    assert design.matrix == pytest.approx(matrix, rel=1e-13, abs=1e-13)
    assert ("marker" in formula) == bool(len(design.covariates.in_dense))
    again = design.columns_of(cohort.frame.loc[design.kept, list(design.spec.variables)].head(40))
    assert again == pytest.approx(matrix[:40], rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("formula", PLAIN)
def test_a_plain_formula_is_read_here(formula):
    assert plain_formula(formula) is not None


@pytest.mark.parametrize("formula", [*(each for each in OTHER if each != "C(grade) + grade"), "age + (", "np.log(age)", "log(age, 2)", "I(age if age else 1)", "C(node, Treatment)", "1", "I(2)", "age\n+ node", "I('a')"])
def test_any_other_is_left_to_formulaic(formula):
    assert plain_formula(formula) is None


def test_what_hangs_on_all_rows_sees_each_as_often_as_it_stands_for_patients(cohort):
    formula, repeats = "rcs(size, 3) + center(age) + poly(marker, 2)", np.random.default_rng(2).integers(1, 6, len(cohort))
    cells = build_design(formula, replace(cohort, repeats=repeats))
    frame = cohort.model_frame(["size", "age", "marker"])
    whole = materialise(Formula(formula), frame.loc[frame.index.repeat(repeats)].reset_index(drop=True))[1]
    assert np.repeat(cells.matrix, repeats, axis=0) == pytest.approx(whole, rel=1e-11, abs=1e-12)


def test_what_is_undefined_is_counted_in_rows(cohort):
    with pytest.raises(InputError, match=r"log\(marker\) is infinite or undefined in 7\d\d rows"):
        build_design("log(marker) + node", cohort)
    n = int((cohort.frame["size"] == 1).sum())
    with pytest.raises(InputError, match=rf"I\(1 / \(size - 1\)\) is infinite or undefined in {n} rows"):
        build_design("I(1/(size-1))", cohort)
