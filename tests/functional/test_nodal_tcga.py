"""Real patients: pathologic N of TCGA breast cancer (cBioPortal, PanCancer Atlas), where $SURVIVAL_NODES_PUBLIC_DATA holds it."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pandas as pd
import pytest

from survival_nodes.cli import main
from survival_nodes.nodes import Evidence, Policy, classify_frame

NAME = "brca_tcga_pan_can_atlas_2018_data_clinical_patient.txt"
COMMENT_LINES = 4  # before the header, as in every clinical file of cBioPortal
OLDER = {"3RD", "4TH", "5TH"}

pytestmark = pytest.mark.skipif("SURVIVAL_NODES_PUBLIC_DATA" not in os.environ, reason="SURVIVAL_NODES_PUBLIC_DATA is not set: the folder that holds tcga/")


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    path = Path(os.environ["SURVIVAL_NODES_PUBLIC_DATA"]) / "tcga" / NAME
    return pd.read_csv(path, sep="\t", skiprows=COMMENT_LINES, dtype=str, keep_default_na=False)


def found(patients: pd.DataFrame, policy: str | Policy = "default") -> pd.DataFrame:
    classified = classify_frame(patients, [Evidence("cbio_path_n", "PATH_N_STAGE", "AJCC_STAGING_EDITION")], policy)
    return classified.assign(pn=patients.PATH_N_STAGE, older=patients.AJCC_STAGING_EDITION.isin(OLDER), edition=patients.AJCC_STAGING_EDITION)


def test_itc_and_micrometastases_that_the_code_names(patients):
    classified = found(patients)
    assert len(classified) == 1084
    explicit = classified[classified.nodal_certainty == "explicit"]
    assert (explicit.nodal_category == "itc").sum() == 28 and (explicit.nodal_category == "micro").sum() == 36
    assert set(explicit.pn[explicit.nodal_category == "itc"]) == {"N0 (I+)"} and set(explicit.pn[explicit.nodal_category == "micro"]) == {"N1MI"}


def test_n1a_of_the_older_editions_is_micrometastasis_by_default_only(patients):
    classified = found(patients)
    more = classified[(classified.nodal_category == "micro") & (classified.nodal_certainty == "default")]
    assert len(more) == 6 and set(more.pn) == {"N1A"} and set(more.edition) <= {"4TH", "5TH"}
    assert set(more.nodal_possible) == {"itc micro"} and more.nodal_flags.str.contains("MAY_INCLUDE_ITC").all()
    strict = found(patients, "strict")
    assert (strict.nodal_category == "micro").sum() == 36 and (strict.loc[more.index, "nodal_category"] == "unknown").all()
    assert (classified[(classified.pn == "N1A") & ~classified.older].nodal_category == "macro").all()


def test_n1b_is_not_isolated_internal_mammary_disease(patients):
    """28 of the 32 are of an edition before the 6th, where N1b is an axillary deposit over 2 mm; 3 state no edition and one the 6th, and stay open."""
    classified = found(patients)
    n1b = classified[classified.pn == "N1B"]
    axillary = n1b[n1b.older]
    assert (len(n1b), len(axillary)) == (32, 28)
    assert (axillary.nodal_category == "macro").all() and not axillary.nodal_flags.str.contains("IMN").any()
    rest = n1b[~n1b.older]
    assert sorted(rest.edition) == ["", "", "", "6TH"]
    assert (rest.nodal_category == "unknown").all() and (rest.nodal_possible == "micro macro").all()
    assert rest.nodal_flags.str.contains("EDITION_ASSUMED").tolist() == (rest.edition == "").tolist()


def test_nothing_missing_became_negative_and_molecular_positive_is_marked(patients):
    classified = found(patients)
    negative = classified[classified.nodal_category == "negative"]
    assert negative.pn.str.startswith("N0").all() and not negative.pn.isin(["N0 (I+)"]).any()
    assert (classified[classified.pn.isin(["", "NX"])].nodal_category == "unknown").all()
    marked = classified[classified.nodal_flags.str.contains("MOLECULAR_POSITIVE")]
    assert len(marked) > 0 and set(marked.pn) == {"N0 (MOL+)"}
    assert (found(patients, Policy(mol_positive="unknown")).loc[marked.index, "nodal_category"] == "unknown").all()


def test_the_command_adds_the_categories_to_the_file(patients, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = Path(os.environ["SURVIVAL_NODES_PUBLIC_DATA"]) / "tcga" / NAME
    (tmp_path / "patients.txt").write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[COMMENT_LINES:]), encoding="utf-8")
    assert main(["classify", "patients.txt", "--system", "cbio_path_n", "--column", "PATH_N_STAGE", "--edition-column", "AJCC_STAGING_EDITION", "-o", "out.csv"]) == 0
    said = capsys.readouterr().out
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 1084 and [row["PATIENT_ID"] for row in rows] == patients.PATIENT_ID.tolist()
    assert sum(row["nodal_category"] == "itc" for row in rows) == 28 and sum(row["nodal_category"] == "micro" for row in rows) == 42
    assert "  NX " in said and "  N1B " in said and "TCGA-" not in said
