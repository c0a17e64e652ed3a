"""Klein and Moeschberger 2003, Survival Analysis, 2nd edition, example 8.3: 863 kidney transplants at Ohio State University, 1982-1992.

Printed: coefficients of black men, white men and black women against white women (Breslow's ties), 0.1596, 0.2484, 0.6567, and their
standard errors 0.3117, 0.1985, 0.3120.
"""

from __future__ import annotations

import pytest
from lifelines.datasets import load_kidney_transplant

import survival_nodes as sn


@pytest.fixture(scope="module")
def cohort():
    rows = load_kidney_transplant()
    marked = rows[["black_male", "white_male", "black_female"]]
    frame = rows.assign(who=marked.idxmax(axis=1).where(marked.any(axis=1), "white_female"))
    return sn.Cohort.from_frame(
        frame, {"years": "time", "event": "death"}, "days", levels={"who": ["white_female", "black_male", "white_male", "black_female"]})


def test_patients(cohort):
    assert (len(cohort), int(cohort.events().sum())) == (863, 140)


def test_cox_model_of_four_groups(cohort):
    table = sn.CoxModel("who", ties="breslow")(cohort)
    assert table["term"].tolist() == ["who[T.black_male]", "who[T.white_male]", "who[T.black_female]"]
    assert table["coefficient"].round(4).tolist() == [0.1596, 0.2484, 0.6567]
    assert table["std_error"].round(4).tolist() == [0.3117, 0.1985, 0.3120]


def test_one_test_of_all_three(cohort):
    """Recomputed in R: coxph prints 4.37, 4.64 and 4.74 on 3 degrees of freedom for likelihood ratio, Wald and score."""
    tests = sn.CoxModel("who", ties="breslow").fit(cohort).tests
    assert tests["test"].tolist() == ["likelihood ratio", "Wald", "score"]
    assert tests["statistic"].round(2).tolist() == [4.37, 4.64, 4.74]
    assert (tests["df"] == 3).all()
