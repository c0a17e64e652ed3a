"""What can be read, and are the examples what they say?"""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from survival_nodes.data_files import data_file
from survival_nodes.errors import UsageError
from survival_nodes.sources.examples import EXAMPLES, SYNTHETIC_SEED, SYNTHETIC_SIZE, example
from survival_nodes.sources.registry import SOURCES, examples, read_cohort, source_names, sources
from survival_nodes.sources.synthetic import synthesize

REFERENCE = os.environ.get("SURVIVAL_NODES_REFERENCE")
needs_reference = pytest.mark.skipif(not REFERENCE, reason="SURVIVAL_NODES_REFERENCE is not set")


def survival(cohort, days, rows=slice(None)):
    """The product-limit estimate in whole days, by its definition; a plain oracle."""
    exit_, event = cohort.exit_ticks[rows], cohort.events()[rows]
    times = [time for time in np.unique(exit_[event == 1]) if time <= days]
    return float(np.prod([1 - ((exit_ == time) & (event == 1)).sum() / (exit_ >= time).sum() for time in times]))


def test_every_source_and_example_is_listed_with_a_name_and_a_sentence():
    assert sources()["name"].tolist() == list(source_names()) == [each.name for each in SOURCES]
    assert list(sources().columns) == ["name", "title", "reads"]
    assert examples()["name"].tolist() == [each.name for each in EXAMPLES] == ["sedmak-1989", "gbsg2", "synthetic"]
    assert not sources().isna().any(axis=None) and not (sources() == "").any(axis=None)


@pytest.mark.parametrize("source", source_names())
def test_every_source_says_which_file_is_not_there(source, tmp_path):
    with pytest.raises(UsageError, match="there is no file 'none.csv'"):
        read_cohort(tmp_path / "none.csv", source=source, **({"time_unit": "days"} if source == "own-file" else {}))


def test_an_example_that_there_is_not():
    with pytest.raises(UsageError, match="there is no example 'sedmak' .nearest: 'sedmak-1989'.; there are: sedmak-1989, gbsg2, synthetic"):
        example("sedmak")


@pytest.mark.parametrize("name", [each.name for each in EXAMPLES])
def test_every_example_says_where_it_comes_from_and_whether_it_is_synthetic(name):
    cohort = example(name)
    assert cohort.origin.source == name
    assert cohort.origin.notes
    assert cohort.warnings == ()
    assert cohort.synthetic == (name == "synthetic")
    assert bool(cohort.origin.citation and cohort.origin.files) != cohort.synthetic


def test_sedmak_has_the_counts_of_the_book():
    # Klein & Moeschberger, section 1.5: 45 women, 9 with metastases seen by immunohistochemistry only; table of times.
    cohort = example("sedmak-1989")
    rows = cohort.rows
    assert (len(cohort), cohort.time_unit, cohort.endpoint) == (45, "months", "overall")
    assert cohort.levels["ihc"] == ("negative", "positive")
    assert Counter(zip(rows["ihc"], rows["event"])) == {("negative", 1): 16, ("negative", 0): 20, ("positive", 1): 8, ("positive", 0): 1}
    assert rows["patient_id"].tolist() == [str(number) for number in range(1, 46)]


@pytest.mark.parametrize(("ihc", "expected"), [("negative", 26 / 36), ("positive", 5 / 9)])
def test_sedmak_survival_at_60_months(ihc, expected):
    # Nobody is censored before 60 months, so survival is the fraction alive.
    cohort = example("sedmak-1989")
    rows = (cohort.column("ihc") == ihc).to_numpy()
    assert survival(cohort, 60, rows) == pytest.approx(expected, abs=1e-12)


@needs_reference
def test_sedmak_equals_the_printed_table_as_r_has_it():
    with open(Path(REFERENCE) / "data" / "btrial.csv", newline="") as stream:
        theirs = [(row["time"], row["death"], {"1": "negative", "2": "positive"}[row["im"]]) for row in csv.DictReader(stream)]
    with open(data_file("sedmak_1989.csv"), newline="") as stream:
        assert [(row["months"], row["death"], row["ihc"]) for row in csv.DictReader(stream)] == theirs


def test_gbsg2_is_in_our_words():
    cohort = example("gbsg2")
    rows = cohort.rows
    assert (len(cohort), cohort.endpoint, cohort.time_unit) == (686, "recurrence", "days")
    assert cohort.groups("positive_nodes").labels == ("1-3", "4-9", "10+")
    assert set(rows["positive_nodes"][rows["n_positive"].between(4, 9)]) == {"4-9"}
    assert rows["n_positive"].min() == 1
    assert cohort.levels["menopausal_status"] == ("pre", "post")
    assert cohort.levels["grade"] == ("1", "2", "3")
    assert cohort.levels["endocrine_therapy"] == ("no", "yes")
    assert not rows.isna().any(axis=None)


@needs_reference
def test_gbsg2_holds_the_women_of_rs_gbsg():
    with open(Path(REFERENCE) / "data" / "gbsg.csv", newline="") as stream:
        theirs = Counter(
            (int(row["rfstime"]), int(row["status"]), int(row["nodes"]), int(row["age"]), int(row["size"]), row["grade"], int(row["er"]), int(row["pgr"]),
             {"0": "no", "1": "yes"}[row["hormon"]], {"0": "pre", "1": "post"}[row["meno"]])
            for row in csv.DictReader(stream))
    cohort = example("gbsg2")
    rows = cohort.rows.assign(days=cohort.exit_ticks)
    names = ["days", "event", "n_positive", "age", "tumour_size_mm", "grade", "oestrogen_receptor", "progesterone_receptor",
             "endocrine_therapy", "menopausal_status"]
    assert Counter(rows[names].itertuples(index=False, name=None)) == theirs


def test_gbsg2_has_the_counts_and_the_survival_that_r_gives():
    # R 4.2.2, survival 3.5-3: summary(survfit(Surv(rfstime, status) ~ 1, gbsg), times = c(365.25, 1095.75, 1826.25)).
    cohort = example("gbsg2")
    assert int(cohort.events().sum()) == 299
    for days, expected in ((365.25, 0.91555810428584572), (1095.75, 0.64262038237957642), (1826.25, 0.49164487029400528)):
        assert survival(cohort, days) == pytest.approx(expected, abs=1e-12)


@needs_reference
@pytest.mark.parametrize(("group", "therapy"), [("hormon=0", "no"), ("hormon=1", "yes")])
def test_gbsg2_survival_by_therapy_is_that_of_r(group, therapy):
    cohort = example("gbsg2")
    rows = (cohort.column("endocrine_therapy") == therapy).to_numpy()
    with gzip.open(Path(REFERENCE) / "reference.csv.gz", "rt", newline="") as stream:
        expected = {float(row["time"]): float(row["value"]) for row in csv.DictReader(stream)
                    if (row["dataset"], row["analysis"], row["group"], row["statistic"]) == ("gbsg", "km", group, "surv")}
    assert len(expected) == 3
    for days, value in expected.items():
        assert survival(cohort, days, rows) == pytest.approx(value, abs=1e-12)


def test_the_synthetic_example_is_the_one_whose_size_and_seed_are_stated():
    cohort = example("synthetic")
    assert (len(cohort), cohort.origin.seed) == (SYNTHETIC_SIZE, SYNTHETIC_SEED) == (20_000, 2026)
    assert cohort.rows.equals(synthesize(20_000, 2026).rows)
