"""Does an own file become the cohort that its mapping describes?"""

from __future__ import annotations

import gzip
from hashlib import sha256

import pandas as pd
import pytest
from survival_nodes.errors import InputError, UsageError
from survival_nodes.sources.delimited import FileFormat
from survival_nodes.sources.mapping import CohortSetting, Mapping, Units, mapping_from, read_mapping
from survival_nodes.sources.registry import read_cohort

TEXT = "id,os_months,status,er_ihc,size,centre\n007,12,2,pos,20,01\n008,30.5,1,neg,15,02\n009,60,1,,9,01\n"
MAP = """
[columns]
patient_id = "id"
years = "os_months"
event = "status"
er = "er_ihc"

[units]
time = "months"

[codes.event]
"1" = 0
"2" = 1

[codes.er]
pos = "positive"
neg = "negative"

[levels]
er = ["positive", "negative"]

[cohort]
endpoint = "disease-free"
citation = "Somebody 2020"

[report]
title = "Our women"
by = ["er"]
"""


@pytest.fixture
def written(tmp_path):
    def write(content: str | bytes, name: str = "patients.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_a_file_and_its_toml_mapping_become_a_cohort(written):
    path = written(TEXT)
    cohort = read_cohort(path, mapping=written(MAP, "map.toml"))
    rows = cohort.rows
    assert rows["patient_id"].tolist() == ["007", "008", "009"]
    assert rows["years"].tolist() == [12 / 12, 30.5 / 12, 60 / 12]
    assert rows["event"].tolist() == [1, 0, 0]
    assert rows["er"].tolist() == ["positive", "negative", None]
    assert cohort.endpoint == "disease-free"
    assert cohort.levels["er"] == ("positive", "negative")


def test_the_origin_names_the_file_without_its_folder_and_its_hash(written):
    path = written(TEXT)
    origin = read_cohort(path, mapping=written(MAP, "map.toml")).origin
    (file,) = origin.files
    assert (origin.source, file.name, file.n_rows) == ("own-file", "patients.csv", 3)
    assert file.sha256 == sha256(TEXT.encode()).hexdigest()
    assert origin.citation == "Somebody 2020"


def test_the_ledger_begins_with_the_rows_of_the_file(written):
    first = read_cohort(written(TEXT), mapping=written(MAP, "map.toml")).ledger.frame.iloc[0]
    assert (first["rule"], first["reason"], first["n_after"]) == ("read", "3 rows of patients.csv", 3)


def test_the_file_is_left_as_it_was(written):
    path = written(TEXT)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    read_cohort(path, mapping=written(MAP, "map.toml"))
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_the_same_mapping_in_python_gives_the_same_cohort(written):
    mapping = Mapping(
        columns={"patient_id": "id", "years": "os_months", "event": "status", "er": "er_ihc"}, units=Units("months"),
        codes={"event": {"1": 0, "2": 1}, "er": {"pos": "positive", "neg": "negative"}}, levels={"er": ("positive", "negative")},
        cohort=CohortSetting("disease-free", citation="Somebody 2020"), report={"title": "Our women", "by": ["er"]})
    assert mapping == read_mapping(written(MAP, "map.toml"))
    pd.testing.assert_frame_equal(
        read_cohort(written(TEXT), mapping=mapping).rows, read_cohort(written(TEXT), mapping=written(MAP, "map.toml")).rows)


def test_what_is_said_beside_the_mapping_wins(written):
    cohort = read_cohort(written(TEXT), mapping=written(MAP, "map.toml"), time_unit="years", levels={"er": ["negative", "positive"]})
    assert (cohort.time_unit, cohort.levels["er"]) == ("years", ("negative", "positive"))


def test_a_file_with_our_names_needs_only_the_unit(written):
    cohort = read_cohort(written("years,event,age\n1.5,1,60\n4,0,71\n"), time_unit="years")
    assert cohort.rows["years"].tolist() == [1.5, 4.0]
    assert cohort.rows["patient_id"].tolist() == ["1", "2"]


def test_other_columns_are_kept_numbers_as_numbers_and_codes_as_text(written):
    rows = read_cohort(written(TEXT), mapping=written(MAP, "map.toml")).rows
    assert rows["size"].tolist() == [20, 15, 9]
    assert rows["size"].dtype.kind == "i"
    assert rows["centre"].tolist() == ["01", "02", "01"]


def test_numbers_too_long_to_be_kept_exactly_stay_text(written):
    cohort = read_cohort(written("years,event,hospital\n1,0,9007199254740993\n3,1,5\n"), time_unit="years")
    assert cohort.rows["hospital"].tolist() == ["9007199254740993", "5"]


def test_the_report_table_is_kept_untouched(written):
    assert read_mapping(written(MAP, "map.toml")).report == {"title": "Our women", "by": ["er"]}


@pytest.mark.parametrize(
    ("content", "name", "options"),
    [
        pytest.param(b"\xef\xbb\xbf" + TEXT.encode(), "a.csv", {}, id="byte-order mark"),
        pytest.param(TEXT.replace("\n", "\r\n").encode(), "a.csv", {}, id="CRLF"),
        pytest.param(TEXT.replace("\n", "\r").encode(), "a.csv", {}, id="CR only"),
        pytest.param(TEXT.rstrip("\n").encode(), "a.csv", {}, id="no line end at the end"),
        pytest.param(TEXT.replace("\n", "\n\n").encode(), "a.csv", {}, id="blank lines"),
        pytest.param(f"\n{TEXT}   \n".encode(), "a.csv", {}, id="lines of blanks"),
        pytest.param(TEXT.replace(",", "\t").encode(), "a.tsv", {}, id="tabs"),
        pytest.param(TEXT.replace(",", "\t").encode(), "A.TXT", {}, id="tabs in .TXT"),
        pytest.param(TEXT.replace(",", ";").replace(".", ",").encode(), "a.csv", {"delimiter": ";", "decimal": ","}, id="semicolons and decimal commas"),
        pytest.param(gzip.compress(TEXT.encode()), "a.csv.gz", {}, id="gzipped"),
        pytest.param(gzip.compress(TEXT.encode()), "a.csv", {}, id="gzipped without saying so"),
        pytest.param(TEXT.encode("utf-16"), "a.csv", {"encoding": "utf-16"}, id="UTF-16"),
        pytest.param(TEXT.replace("\n", ",\n").encode(), "a.csv", {}, id="a delimiter at every line's end"),
        pytest.param("\n".join(",".join(f'"{value}"' for value in line.split(",")) for line in TEXT.splitlines()).encode(), "a.csv", {}, id="quoted"),
        pytest.param(TEXT.replace(",", " , ").encode(), "a.csv", {}, id="blanks around the delimiters"),
    ],
)
def test_however_the_text_is_written_the_cohort_is_the_same(written, content, name, options):
    mapping = read_mapping(written(MAP, "map.toml"))
    expected = read_cohort(written(TEXT), mapping=mapping).rows
    pd.testing.assert_frame_equal(read_cohort(written(content, name), mapping=mapping, **options).rows, expected)


def test_letters_beyond_ascii_in_latin_1(written):
    cohort = read_cohort(written("years,event,town\n1,0,Malmö\n3,1,Århus\n".encode("latin-1")), time_unit="years", encoding="latin-1")
    assert cohort.rows["town"].tolist() == ["Malmö", "Århus"]


def test_a_quoted_field_may_hold_the_delimiter_and_a_line_end(written):
    cohort = read_cohort(written('years,event,note\n1,0,"a, b"\n3,1,"c\nd"\n'), time_unit="years")
    assert cohort.rows["note"].tolist() == ["a, b", "c\nd"]


def test_missing_values_are_those_declared(written):
    text = "years,event,er,dose\n1,0,NA,.\n3,1,positive,2\n"
    usual = read_cohort(written(text), time_unit="years").rows
    own = read_cohort(written(text), time_unit="years", missing=["."]).rows
    assert (usual["er"].tolist(), usual["dose"].tolist()) == ([None, "positive"], [".", "2"])
    assert own["er"].tolist() == ["NA", "positive"]
    assert own["dose"].isna().tolist() == [True, False]


def test_a_code_is_looked_up_before_it_can_be_missing_or_a_number(written):
    text = "years,event,group,n_positive\n1,0,NA,99\n3,1,B,2\n4,1,B,0\n"
    rows = read_cohort(written(text), time_unit="years", codes={"group": {"NA": "north", "B": "south"}, "n_positive": {"99": ""}}).rows
    assert rows["group"].tolist() == ["north", "south", "south"]
    assert rows["n_positive"].isna().tolist() == [True, False, False]
    assert rows["n_positive"].tolist()[1:] == [2, 0]


def test_whole_numbers_written_as_1_0_are_found_under_1(written):
    cohort = read_cohort(written("years,event\n1,1.0\n3,2.0\n"), time_unit="years", codes={"event": {"1": 0, "2": 1}})
    assert cohort.rows["event"].tolist() == [0, 1]


def test_a_table_that_only_says_what_is_missing_leaves_the_rest(written):
    rows = read_cohort(written("years,event,size\n1,1,999\n3,0,12\n"), time_unit="years", codes={"size": {"999": ""}}).rows
    assert rows["size"].isna().tolist() == [True, False]
    assert rows["size"].iloc[1] == 12


def test_event_codes_may_be_causes_of_death(written):
    cohort = read_cohort(
        written("years,event\n1,0\n3,1\n4,2\n"), time_unit="years", codes={"event": {"0": "none", "1": "breast-cancer", "2": "other"}})
    assert cohort.rows["cause"].tolist() == ["none", "breast-cancer", "other"]
    assert cohort.events().tolist() == [0, 1, 1]
    assert cohort.events("breast-cancer").tolist() == [0, 1, 0]


def test_an_event_may_be_true_or_false(written):
    assert read_cohort(written("years,event\n1,TRUE\n3,FALSE\n"), time_unit="years").events().tolist() == [1, 0]


def test_one_column_may_be_both_event_and_cause(written):
    cohort = read_cohort(
        written("t,status\n1,A\n3,B\n4,C\n"), columns={"years": "t", "event": "status", "cause": "status"}, time_unit="years",
        codes={"event": {"A": 0, "B": 1, "C": 1}, "cause": {"A": "none", "B": "breast-cancer", "C": "other"}})
    assert cohort.events("other").tolist() == [0, 0, 1]


def test_causes_with_a_word_for_the_censored_are_the_event(written):
    cohort = read_cohort(
        written("t,cod\n1,0\n3,1\n4,2\n"), columns={"years": "t", "cause": "cod"}, time_unit="years",
        codes={"cause": {"0": "none", "1": "breast-cancer", "2": "other"}})
    assert cohort.events().tolist() == [0, 1, 1]


def test_age_and_deposit_are_brought_to_years_and_millimetres(written):
    text = "years,event,age,size_cm\n1,1,720,0.02\n3,0,606,0.2\n"
    mapping = Mapping(columns={"deposit_mm": "size_cm"}, units=Units("years", age="months", deposit="cm"))
    rows = read_cohort(written(text), mapping=mapping).rows
    assert rows["age"].tolist() == [720 / 12, 606 / 12]
    assert rows["deposit_mm"].tolist() == [0.2, 2.0]


def test_pieces_of_follow_up_are_one_patient(written):
    text = "patient_id,entry_years,years,event\n1,0,2,0\n1,2,5,1\n2,0,4,0\n"
    cohort = read_cohort(written(text), time_unit="years")
    assert (len(cohort), cohort.n_patients) == (3, 2)
    first = cohort.ledger.frame.iloc[0]
    assert (first["n_after"], first["reason"]) == (2, "3 rows of patients.csv, pieces of the follow-up of 2 patients")


def test_a_second_endpoint_stands_in_columns_of_its_name(written):
    text = "years,event,rfs,rel\n24,1,12,1\n36,0,36,0\n"
    cohort = read_cohort(written(text), columns={"recurrence_years": "rfs", "recurrence_event": "rel"}, time_unit="months")
    assert cohort.with_endpoint("recurrence").rows["years"].tolist() == [1.0, 3.0]


def test_a_second_endpoint_may_be_coded_too(written):
    text = "years,event,rfs,rel\n24,1,12,yes\n36,0,36,no\n"
    cohort = read_cohort(
        written(text), columns={"recurrence_years": "rfs", "recurrence_event": "rel"}, time_unit="months", codes={"recurrence_event": {"yes": 1, "no": 0}})
    assert cohort.with_endpoint("recurrence").events().tolist() == [1, 0]


@pytest.mark.parametrize(
    ("tables", "nearest"),
    [
        ({"colums": {}}, "'columns'"),
        ({"columns": {"evnt": "status"}}, "'event'"),
        ({"units": {"tme": "days"}}, "'time'"),
        ({"units": {"time": "month"}}, "'months'"),
        ({"units": {"deposit": "inch"}}, "mm, cm, um"),
        ({"file": {"delimeter": ";"}}, "'delimiter'"),
        ({"cohort": {"end_point": "overall"}}, "'endpoint'"),
        ({"codes": {"er": {"pos": "postive"}}}, "'positive'"),
        ({"columns": {"event": "status"}, "codes": {"status": {"1": 0}}}, "[codes.event]"),
        ({"nodal": {"system": "gdc_path_n"}}, "system or column is not given"),
        ({"nodal": {"system": "gdc_path_n", "column": "pn", "sistem": "x"}}, "'sistem'"),
        ({"codes": {"event": {"1": "alive", "2": "dead"}}}, "none for the censored"),
        ({"codes": {"event": {"1": 1, "2": "other"}}}, "none for the censored"),
        ({"levels": {"er": "positive"}}, "give a list"),
        ({"columns": {"event": 3}}, "as text"),
        ({"columns": ["event"]}, "[columns]"),
        ({"file": {"delimiter": "tab"}}, "one character"),
        ({"file": {"encoding": "utf-9"}}, "utf-8"),
        ({"file": {"decimal": "'"}}, '","'),
        ({"cohort": {"synthetic": "no"}}, "true or false"),
        ({"units": {"days_per_year": 3652.5}}, "365.25"),
        ({"nodal": {"system": "size", "column": "b"}, "columns": {"nodal_category": "c"}}, "keep one"),
        ({"nodal": {"system": "gdc_n", "column": "b"}}, "'gdc_path_n'"),
        ({"cohort": {"nodal_policy": "strickt"}}, "'strict'"),
    ],
)
def test_a_mapping_with_a_mistake_says_which_and_the_way_out(tables, nearest):
    with pytest.raises(UsageError) as caught:
        mapping_from(tables)
    assert nearest in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mapping_that_is_not_there_or_is_not_toml(written, tmp_path):
    with pytest.raises(UsageError, match="there is no mapping file 'none.toml'"):
        read_mapping(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="'map.toml' is not TOML.*line 2"):
        read_mapping(written("[columns]\nyears = os_months\n", "map.toml"))
    with pytest.raises(UsageError, match="mapping 'map.toml': there is no table 'colums'"):
        read_mapping(written("[colums]\n", "map.toml"))


def test_the_empty_field_is_always_missing():
    assert FileFormat(missing=(".",)).missing == ("", ".")


def test_nodes_are_classified_from_the_evidence_that_the_mapping_names(written):
    text = "years,event,pn,deposit\n1,0,N0,\n2,1,N0 (i+),0.01\n3,0,N1mi,0.1\n4,1,N2a,0.9\n5,0,NA,\n"
    mapping = mapping_from({
        "units": {"time": "years", "deposit": "cm"}, "file": {"missing": ["NA"]},
        "nodal": [{"system": "gdc_path_n", "column": "pn"}, {"system": "size", "column": "deposit"}]})
    cohort = read_cohort(written(text), mapping=mapping)
    assert cohort.rows["nodal_category"].tolist() == ["negative", "itc", "micro", "macro", "unknown"]
    assert cohort.rows["pn"].tolist() == ["N0", "N0 (i+)", "N1mi", "N2a", None]
    policy, categories, flags = cohort.origin.notes
    assert policy.startswith("The nodal category was classified from gdc_path_n (column pn), size (column deposit) by the policy default (fingerprint ")
    assert "size_not_stated=macro" in policy
    assert categories == (
        "Nodal categories of the 5 rows classified: negative 1 (20.0%), itc 1 (20.0%), micro 1 (20.0%), macro 1 (20.0%), unknown 1 (20.0%).")
    assert "ITC_NOT_EXCLUDED in 1 row: No metastasis, but isolated tumour cells were not looked for or not reported." in flags


def test_a_size_alone_is_read_in_the_unit_of_the_file(written):
    text = "years,event,deposit\n1,0,0.02\n2,1,0.021\n3,0,0.2\n4,1,0.21\n5,1,300 um\n"
    mapping = mapping_from({"units": {"time": "years", "deposit": "cm"}, "nodal": {"system": "size", "column": "deposit"}})
    assert read_cohort(written(text), mapping=mapping).rows["nodal_category"].tolist() == ["itc", "micro", "micro", "macro", "micro"]


def test_nodal_evidence_that_is_not_there_or_would_be_overwritten(written):
    units = {"units": {"time": "years"}}
    with pytest.raises(InputError, match="there is no column 'pN' .nearest: 'pn'."):
        read_cohort(written("years,event,pn\n1,0,N0\n"), mapping=mapping_from({**units, "nodal": {"system": "gdc_path_n", "column": "pN"}}))
    with pytest.raises(InputError, match="'nodal_category' of its own"):
        nodal = {"system": "gdc_path_n", "column": "nodal_category"}
        read_cohort(written("years,event,nodal_category\n1,0,micro\n"), mapping=mapping_from({**units, "nodal": nodal}))


def test_a_boolean_is_read_as_programs_write_it(written):
    text = "years,event,nodal_positive\n1,0,True\n2,1,FALSE\n3,0,\n4,1,true\n"
    cohort = read_cohort(written(text), time_unit="years")
    assert cohort.rows["nodal_positive"].tolist() == [True, False, None, True] and not cohort.warnings
    doubtful = read_cohort(written(text.replace("FALSE", "maybe")), time_unit="years")
    assert "neither true nor false" in " ".join(doubtful.warnings)
