"""Who the patients are: a cohort of very many holds integers as such, and shows text as every cohort does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.cohort import identities
from survival_nodes.cohort.identities import all_differ, text_of, written_ids
from survival_nodes.errors import DataWarning, InputError


@pytest.fixture(params=["few", "many"])
def stored(request, monkeypatch):
    """As text, or as the integers of a large cohort."""
    monkeypatch.setattr(identities, "_MANY_ROWS", 10**9 if request.param == "few" else 1)
    return request.param


def cohort(ids, **columns):
    frame = pd.DataFrame({"t": [30, 61, 20, 10], "d": [1, 0, 1, 0], **columns})
    return sn.Cohort.from_frame(frame if ids is None else frame.assign(patient_id=ids), {"years": "t", "event": "d"}, "months")


@pytest.mark.parametrize(("ids", "text"), [
    (None, ["1", "2", "3", "4"]), ([40, 10, 30, 20], ["40", "10", "30", "20"]), (["04", "1", "x", "3"], ["04", "1", "x", "3"]),
    ([1.0, 2.0, 3.5, 4.0], ["1", "2", "3.5", "4"]), (np.array([-1, 0, 2**40, 7]), ["-1", "0", str(2**40), "7"])])
def test_identities_are_shown_as_text(stored, ids, text):
    found = cohort(ids)
    assert found.rows["patient_id"].tolist() == text and found.rows["patient_id"].dtype == object and found.n_patients == 4
    assert found.where(lambda rows: rows["patient_id"] == text[1]).rows["patient_id"].tolist() == text[1:2]


@pytest.mark.parametrize("ids", [[1, 2, 2, 3], [3, 1, 2, 1], ["a", "b", "a", "c"]])
def test_a_patient_who_stands_twice_is_found(stored, ids):
    with pytest.raises(InputError, match="'patient_id': stands twice, with follow-up that overlaps: .* in 1 row"):
        cohort(ids)


def test_pieces_of_one_patient_count_once(stored):
    frame = pd.DataFrame({"patient_id": [9, 9, 5], "entry": [0, 10, 0], "t": [10, 30, 40], "d": [0, 1, 0]})
    found = sn.Cohort.from_frame(frame, {"years": "t", "event": "d", "entry_years": "entry"}, "months")
    assert found.n_patients == 2 and found.ledger.steps[0].n_after == 2 and found.rows["patient_id"].tolist() == ["9", "9", "5"]


def test_tables_of_patients_name_them_by_text(stored):
    found = cohort([40, 10, 30, 20], x=[1.0, 2.0, 5.0, 3.0])
    assert sn.KaplanMeier(at_years=(1,)).pseudo_values(found)["patient_id"].tolist() == ["40", "10", "30", "20"]
    with pytest.warns(DataWarning, match="2 events for 1 coefficient"):
        fit = sn.CoxModel("x").fit(found)
    assert fit.residuals("martingale")["patient_id"].tolist() == ["40", "10", "30", "20"]


def test_text_without_arrow_is_the_same(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert text_of(pd.Series([7, -3, 0])).tolist() == ["7", "-3", "0"] and written_ids(np.array(["a"], dtype=object)).tolist() == ["a"]


@pytest.mark.parametrize(("ids", "differ"), [([1, 2, 3], True), ([3, 1, 2], True), ([1, 3, 1], False), ([2, 2], False), ([], True)])
def test_all_differ(ids, differ):
    assert all_differ(pd.Series(ids, dtype="int64")) is differ and all_differ(pd.Series(list(map(str, ids)), dtype=object)) is differ
