"""Are the public cohorts read as they are? Counts of patients, deaths and categories, and survival as R gives it from the same files.

Runs where $SURVIVAL_NODES_PUBLIC_DATA holds the files. R's numbers: tests/published/r/public_cohorts.R, kept in public_cohorts.csv beside it.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survival_nodes as sn
from survival_nodes.errors import DataWarning
from survival_nodes.nodes import Policy
from survival_nodes.sources.cbioportal import read_cbioportal, read_cbioportal_web
from survival_nodes.sources.metabric import read_metabric
from survival_nodes.sources.reading import cohort_of_reading
from survival_nodes.sources.tcga_cdr import read_tcga_cdr
from survival_nodes.units import format_count

pytestmark = pytest.mark.skipif("SURVIVAL_NODES_PUBLIC_DATA" not in os.environ, reason="SURVIVAL_NODES_PUBLIC_DATA is not set: the folder of public cohorts")
FOLDER = Path(os.environ.get("SURVIVAL_NODES_PUBLIC_DATA", "."))
PANCAN = FOLDER / "tcga" / "brca_tcga_pan_can_atlas_2018_data_clinical_patient.txt"
FIREHOSE = FOLDER / "tcga" / "brca_tcga_firehose_webexport_brca_tcga_clinical_data.tsv"
CDR = FOLDER / "tcga" / "TCGA-CDR_BRCA_only.csv"
METABRIC = FOLDER / "metabric" / "brca_metabric_data_clinical_patient.txt"
R = Path(__file__).parents[1] / "published" / "r" / "public_cohorts.csv"


def rows_of_r(cohort: str) -> list:
    """R's rows of a cohort: a group and a time each."""
    return list(pd.read_csv(R)[lambda each: each["cohort"] == cohort].itertuples())


def categories(frame: pd.DataFrame) -> dict[str, int]:
    return frame["nodal_category"].value_counts().to_dict()


@pytest.fixture(scope="module")
def tcga() -> sn.Cohort:
    return cohort_of_reading(read_cbioportal(PANCAN))


@pytest.fixture(scope="module")
def metabric() -> sn.Cohort:
    return cohort_of_reading(read_metabric(METABRIC))


def test_tcga_has_its_patients_deaths_and_categories(tcga):
    assert (tcga.n_patients, int(tcga.events().sum())) == (1084, 151)
    assert categories(tcga.frame) == {"negative": 484, "itc": 28, "micro": 36, "macro": 506, "unknown": 30}
    assert tcga.frame["sex"].value_counts().to_dict() == {"female": 1072, "male": 12}
    assert (tcga.frame["years"] == 0).sum() == 13 and "13 with a follow-up of zero, kept" in set(tcga.ledger.frame["reason"])
    assert {name: int(tcga.with_endpoint(name).events().sum()) for name in tcga.endpoints} == {"overall": 151, "breast-cancer": 83, "disease-free": 84}
    # Of 1,064 with a status of disease-specific survival one has no months.
    assert tcga.with_endpoint("breast-cancer").n_patients == 1063 and tcga.with_endpoint("disease-free").n_patients == 1084 - 143


def test_n1a_before_the_sixth_edition_is_open_unless_the_default_policy_is_asked_for(tcga):
    open_ = tcga.frame[tcga.frame["nodal_possible"] == "itc micro"]
    assert len(open_) == 6 and set(open_["nodal_category"]) == {"unknown"}
    assert any('left unknown; policy="default" reads them as micrometastases' in note for note in tcga.origin.notes)
    usual = cohort_of_reading(read_cbioportal(PANCAN, policy="default"))
    assert categories(usual.frame) == {"negative": 484, "itc": 28, "micro": 42, "macro": 506, "unknown": 24}
    assert categories(cohort_of_reading(read_cbioportal(PANCAN, policy=Policy(size_not_stated="unknown", usual_reading="unknown"))).frame)["macro"] < 506


@pytest.mark.parametrize("row", rows_of_r("tcga"), ids=lambda row: f"{row.group}-{row.years}")
def test_survival_of_tcga_is_that_of_r(tcga, row):
    found = sn.KaplanMeier("nodal_category", at_years=(row.years,), conf_type="log")(tcga).set_index("group").loc[row.group]
    assert found.n_risk == row.at_risk
    wanted = [row.estimate, row.lower, row.upper] if row.at_risk else [np.nan] * 3  # R carries the estimate on beyond follow-up
    np.testing.assert_allclose([found.estimate, found.conf_low, found.conf_high], wanted, rtol=1e-12)


def test_the_five_year_figures_as_they_are_quoted(tcga):
    found = sn.KaplanMeier("nodal_category", at_years=(5,), conf_type="log")(tcga).set_index("group")
    assert [f"{100 * found.loc[group, 'estimate']:.1f}" for group in ("negative", "itc", "micro")] == ["88.9", "89.3", "77.0"]
    assert [f"{100 * found.loc['negative', name]:.1f}" for name in ("conf_low", "conf_high")] == ["84.4", "93.6"]


def test_progression_free_survival_can_end_the_follow_up():
    cohort = cohort_of_reading(read_cbioportal(PANCAN, endpoint="progression-free"))
    assert (cohort.endpoint, int(cohort.events().sum()), cohort.n_patients) == ("progression-free", 145, 1082)
    assert int(cohort.with_endpoint("overall").events().sum()) == 151


def test_firehose_keeps_every_patient_and_its_node_counts():
    reading = read_cbioportal_web(FIREHOSE)
    assert len(reading.frame) == 1080 and reading.frame["patient_id"].is_unique and reading.steps == ()
    assert categories(reading.frame) == {"negative": 478, "itc": 28, "micro": 36, "macro": 509, "unknown": 29}
    itc, micro = (reading.frame[reading.frame["nodal_category"] == name] for name in ("itc", "micro"))
    assert (itc["n_positive"] == 0).sum() == 25 and (itc["n_positive_ihc"] >= 1).sum() == 24 and micro["n_positive"].between(1, 3).sum() == 28
    with pytest.warns(DataWarning, match=r"no number from 0 to 1200, and no code of its table in 1 row \(row 1057\); read as missing"):
        cohort = cohort_of_reading(reading)
    assert cohort.ledger.frame["n_excluded"].tolist() == [0, 4, 0] and cohort.n_patients == 1076  # 3 without months, 1 with months below zero


def test_counts_of_positive_nodes_would_contradict_the_code_of_six_micrometastases():
    """Why the counts by haematoxylin and eosin are no evidence: deposits found by immunohistochemistry alone are counted as none."""
    reading = read_cbioportal_web(FIREHOSE)
    micro = reading.frame[reading.frame["nodal_category"] == "micro"]
    assert (micro["n_positive"] == 0).sum() == 6


@pytest.mark.parametrize("nodes, n_found, negative", [(PANCAN, 1078, 483), (FIREHOSE, 1076, 478)], ids=["cbioportal", "cbioportal-web"])
def test_the_clinical_data_resource_takes_its_nodes_by_barcode(nodes, n_found, negative):
    reading = read_tcga_cdr(CDR, nodes=nodes)
    assert len(reading.frame) == 1097 and int(reading.frame["event"].sum()) == 151
    found = categories(reading.frame)
    assert (found["itc"], found["micro"], found["negative"]) == (28, 36, negative)
    cohort = cohort_of_reading(reading)
    assert int(cohort.events().sum()) == 151
    assert cohort.ledger.frame[["rule", "n_excluded"]].values.tolist() == [["read", 0], ["not redacted", 5], ["survival known", 1], ["zero follow-up kept", 0]]
    assert any(f"{format_count(n_found)} of {format_count(1092)} patients are in it" in note for note in cohort.origin.notes)
    assert cohort.warnings == () and len(cohort.origin.files) == 2


def test_the_endpoints_of_the_clinical_data_resource():
    cohort = cohort_of_reading(read_tcga_cdr(CDR, nodes=PANCAN))
    assert {name: int(cohort.with_endpoint(name).events().sum()) for name in cohort.endpoints} == {"overall": 151, "breast-cancer": 83, "disease-free": 84}
    assert cohort.frame["diagnosis_year"].agg(["min", "max"]).tolist() == [1988, 2013]
    assert int(cohort_of_reading(read_tcga_cdr(CDR, endpoint="progression-free")).events().sum()) == 145


def test_metabric_counts_nodes_and_knows_no_size(metabric):
    assert (metabric.n_patients, int(metabric.events().sum())) == (1981, 1144)
    assert metabric.ledger.frame["n_before"].iloc[0] == 2509 and metabric.ledger.frame["n_excluded"].tolist() == [0, 528, 0]
    assert categories(metabric.frame) == {"negative": 994, "unknown": 987, "itc": 0, "micro": 0, "macro": 0}
    positive = metabric.frame[metabric.frame["n_positive"] > 0]
    assert len(positive) == 911 and positive["nodal_positive"].all() and set(positive["nodal_category"]) == {"unknown"}
    assert metabric.frame.loc[metabric.frame["n_positive"] == 0, "nodal_flags"].str.contains("ITC_NOT_EXCLUDED").all()


def test_metabric_tells_causes_of_death(metabric):
    assert metabric.frame["cause"].value_counts().to_dict() == {"none": 837, "breast-cancer": 646, "other": 497} and metabric.frame["cause"].isna().sum() == 1
    assert metabric.endpoints == ("overall", "breast-cancer", "recurrence")
    assert (metabric.with_endpoint("breast-cancer").n_patients, int(metabric.with_endpoint("breast-cancer").events().sum())) == (1980, 646)
    assert metabric.frame["er"].notna().sum() > 1900 and set(metabric.frame["er"].dropna()) == {"negative", "positive"}


@pytest.mark.parametrize("row", rows_of_r("metabric"), ids=lambda row: f"{row.endpoint}-{row.group}-{row.years}")
def test_survival_of_metabric_is_that_of_r(metabric, row):
    n = metabric.frame["n_positive"]
    group = np.select([n == 0, n <= 3, n <= 9, n > 9], ["0", "1-3", "4-9", "10+"], "")
    of_group = metabric.with_endpoint(row.endpoint).where(lambda rows: pd.Series(np.isin(rows["patient_id"], metabric.frame["patient_id"][group == row.group])))
    found = sn.KaplanMeier(at_years=(row.years,), conf_type="log")(of_group).iloc[0]
    assert (len(of_group), int(of_group.events().sum()), found.n_risk) == (row.n, row.events, row.at_risk)
    np.testing.assert_allclose([found.estimate, found.conf_low, found.conf_high], [row.estimate, row.lower, row.upper], rtol=1e-12)
