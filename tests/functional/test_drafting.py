"""Does a draft of a mapping say what the file says, mark what it guesses, ask what only its owner knows, and show nobody?"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from survival_nodes.cli import main
from survival_nodes.columns import COHORT
from survival_nodes.errors import InputError, UsageError
from survival_nodes.sources.column_looks import Look
from survival_nodes.sources.column_names import known_names, titles_named
from survival_nodes.sources.delimited import FileFormat
from survival_nodes.sources.drafting import draft_mapping, write_draft
from survival_nodes.sources.mapping import EVENT_COLUMNS, TIME_COLUMNS, mapping_from
from survival_nodes.sources.registry import read_cohort

N = 60


def cycled(*values) -> list:
    return [values[row % len(values)] for row in range(N)]


CERTAIN = {
    "Patient ID": [f"P-{row:03d}" for row in range(N)], "OS_MONTHS": [12 + 1.5 * row for row in range(N)], "Vital status": cycled("Alive", "Dead", "Alive"),
    "age_at_diagnosis": [40 + row % 45 for row in range(N)], "ER status": cycled("Positive", "neg", "unknown"), "grade": cycled("G1", "G2", "G3"),
    "pN stage": cycled("pN0", "pN0(i+)", "pN1mi", "pN1a"), "year of diagnosis": cycled(2010, 2012), "hospital": cycled("north", "south"),
}


def csv(folder: Path, columns: dict, name: str = "patients.csv", **options) -> Path:
    path = folder / name
    pd.DataFrame(columns).to_csv(path, index=False, **options)
    return path


def drafted(folder: Path, columns: dict, **options) -> tuple[str, tuple[str, ...], dict]:
    draft = draft_mapping(csv(folder, columns, **options))
    tables = tomllib.loads(draft.toml)
    mapping_from(tables)
    return draft.toml, draft.questions, tables


def lines(toml: str, start: str) -> list[str]:
    return [line for line in toml.splitlines() if line.startswith(start)]


def test_a_file_that_says_everything_becomes_a_cohort_without_an_edit(tmp_path):
    toml, questions, tables = drafted(tmp_path, CERTAIN)
    assert questions == ()
    assert tables["columns"] == {
        "patient_id": "Patient ID", "years": "OS_MONTHS", "event": "Vital status", "age": "age_at_diagnosis", "diagnosis_year": "year of diagnosis",
        "grade": "grade", "er": "ER status"}
    assert tables["units"] == {"time": "months"} and "cohort" not in tables and "file" not in tables
    assert tables["codes"]["event"] == {"Alive": 0, "Dead": 1} and tables["codes"]["er"] == {"Positive": "positive", "neg": "negative", "unknown": ""}
    assert "# Kept under their own names: 'hospital'" in toml
    (tmp_path / "map.toml").write_text(toml, encoding="utf-8")
    cohort = read_cohort(tmp_path / "patients.csv", mapping=tmp_path / "map.toml")
    assert len(cohort) == N and int(cohort.events().sum()) == N // 3 and cohort.time_unit == "months"
    assert cohort.column("er").value_counts().to_dict() == {"positive": 20, "negative": 20} and set(cohort.column("grade")) == {"1", "2", "3"}
    assert cohort.column("nodal_category").astype(str).value_counts().to_dict() == {"negative": 15, "itc": 15, "micro": 15, "macro": 15}


@pytest.mark.parametrize(("title", "unit"), [("os_months", "months"), ("OS_days", "days"), ("Overall Survival (Months)", "months"), ("survival.years", "years"),
                                             ("overleving (maanden)", "months"), ("\u00dcberlebenszeit Tage", "days"), ("Survie (ann\u00e9es)", "years")])
def test_the_unit_is_taken_from_a_name_that_says_it(tmp_path, title, unit):
    _, questions, tables = drafted(tmp_path, {title: [1 + row / 10 for row in range(N)], "dead": cycled(0, 1)})
    assert tables["units"] == {"time": unit} and tables["columns"] == {"years": title, "event": "dead"}
    assert not any("unit" in question for question in questions)


@pytest.mark.parametrize("title", ["time", "os_time", "followup", "duur", "survtime"])
def test_the_unit_is_asked_where_no_name_says_it(tmp_path, title):
    toml, questions, tables = drafted(tmp_path, {"id": list(range(N)), title: [100] * (N // 2) + [300] * (N // 2), "death": cycled(0, 1)})
    asked = lines(toml, "# time = ")
    assert len(asked) == 1 and "? days, months or years" in asked[0] and not tables.get("units")
    if title == "duur":  # no known name: the column itself is asked for
        assert lines(toml, "# years = ") and any("Which column is the follow-up" in question for question in questions)
    else:
        # 100 in half of the rows and 300 in the others: a median of 100, 100/12 years if months
        assert "the median is about 100, which is 0.27 years if days, 8.3 years if months, 100 years if years" in asked[0]
        assert lines(toml, "years = ") and any(question.startswith("In what unit") for question in questions)


def test_calendar_years_are_no_follow_up(tmp_path):
    toml, _, tables = drafted(tmp_path, {"year": cycled(1998, 2003), "time": list(range(N)), "death": cycled(0, 1)})
    assert tables["columns"] == {"years": "time", "event": "death", "diagnosis_year": "year"}


@pytest.mark.parametrize(("title", "codes"), [("vital_status", (0, 1)), ("status", (1, 2)), ("cens", (0, 1)), ("alive", ("no", "yes"))])
def test_which_of_two_codes_is_the_event_is_asked(tmp_path, title, codes):
    toml, questions, tables = drafted(tmp_path, {"os_months": list(range(N)), title: cycled(*codes)})
    assert "event" not in tables["columns"] and "codes" not in tables
    assert lines(toml, f'# event = "{title}"') and any("is the event?" in question for question in questions)
    shown = [str(code) for code in codes]
    low, high = shown
    for event, other in ((high, low), (low, high)):
        written = "\n".join([f"if {event} is the event (30 of 60 rows)", *(f'# "{code}" = {int(code == event)}' for code in shown)])
        assert written in toml, other
    # Taking the marks away from the column and one of the two tables gives a cohort of the polarity chosen.
    first = toml.index("# [codes.event]")
    chosen = toml[:first] + re.sub(r"^# ", "", toml[first:].split("\n\n")[0], flags=re.MULTILINE)
    (tmp_path / "map.toml").write_text(chosen.replace("# event =", "event ="), encoding="utf-8")
    assert int(read_cohort(tmp_path / "patients.csv", mapping=tmp_path / "map.toml").events().sum()) == N // 2


@pytest.mark.parametrize(("title", "values", "codes"), [
    ("OS_STATUS", ("0:LIVING", "1:DECEASED"), {"0:LIVING": 0, "1:DECEASED": 1}), ("overleden", ("ja", "nee"), {"ja": 1, "nee": 0}),
    ("dead", (0, 1), None), ("OS", ("0.0", "1.0"), {"0.0": 0, "1.0": 1}), ("died", ("FALSE", "TRUE"), None),
    ("status", ("v\u00e9cu", "vivant", "d\u00e9c\u00e9d\u00e9"), None),
    ("vitalstatus", ("lebt", "verstorben", "unbekannt"), {"lebt": 0, "unbekannt": "", "verstorben": 1})])
def test_words_and_names_that_say_which_is_the_event(tmp_path, title, values, codes):
    toml, _, tables = drafted(tmp_path, {"os_months": list(range(N)), title: cycled(*values)})
    unclear = "v\u00e9cu" in values
    assert ("event" in tables["columns"]) is not unclear
    assert tables.get("codes", {}).get("event") == (None if unclear else codes)


def test_endpoints_beside_the_active_one(tmp_path):
    columns = {"os_months": list(range(N)), "os_status": cycled("0:LIVING", "1:DECEASED"), "dfs_months": list(range(N)),
               "dfs_status": cycled("0:DiseaseFree", "1:Recurred/Progressed"),
               "rfs_days": list(range(N)), "rfs_event": cycled(0, 1), "dss_months": list(range(N)), "dss_status": cycled(0, 1)}
    toml, _, tables = drafted(tmp_path, columns)
    assert (tables["columns"]["disease_free_years"], tables["columns"]["disease_free_event"]) == ("dfs_months", "dfs_status")
    assert tables["codes"]["disease_free_event"] == {"0:DiseaseFree": 0, "1:Recurred/Progressed": 1}
    assert 'recurrence_years = "rfs_days"  # ? in days, where the follow-up is in months' in lines(toml, "# recurrence_years")[0]
    assert "which of its codes is the event" in lines(toml, "# breast_cancer_event")[0]


def test_a_time_and_an_event_of_different_names_are_not_paired_in_silence(tmp_path):
    columns = {"dtime": list(range(N)), "death": cycled(0, 1), "rtime": list(range(N)), "rfs_time": list(range(N)), "recurrence": cycled(0, 1)}
    toml, _, tables = drafted(tmp_path, columns)
    assert tables["columns"]["years"] == "dtime" and "recurrence_years" not in tables["columns"]
    assert "which time and which event go together" in lines(toml, "# recurrence_years")[0]


def test_another_endpoint_becomes_the_active_one_where_there_is_no_other(tmp_path):
    _, _, tables = drafted(tmp_path, {"rfs_months": list(range(N)), "rfs_event": cycled(0, 1)})
    assert tables["columns"] == {"years": "rfs_months", "event": "rfs_event"} and tables["cohort"] == {"endpoint": "recurrence"}


def test_dates_instead_of_a_length_of_time(tmp_path):
    columns = {"date of diagnosis": cycled("2012-03-04"), "last seen": cycled("2015-03-04", "2016-01-01"), "dead": cycled(0, 1)}
    toml, questions, tables = drafted(tmp_path, columns)
    assert tables["columns"] == {"event": "dead", "diagnosis_date": "date of diagnosis"}
    assert any("2 columns hold dates" in question for question in questions) and "2015" not in toml


def test_missing_signs_decimal_commas_delimiters_and_encodings_are_found_out(tmp_path):
    columns = {"id": [f"p{row}" for row in range(N)], "os_months": [f"{row},5" for row in range(N)], "dead": cycled("ja", "nee"),
               "gr\u00f6\u00dfe": cycled(".", "1,5"), "alter": cycled("61", "[Not Available]", "unbekannt")}
    toml, _, tables = drafted(tmp_path, columns, sep=";", encoding="latin-1")
    assert {name: tables["file"][name] for name in ("delimiter", "encoding", "decimal")} == {"delimiter": ";", "encoding": "latin-1", "decimal": ","}
    assert tables["file"]["missing"][-2:] == [".", "[Not Available]"] and "NA" in tables["file"]["missing"]
    assert tables["codes"]["age"] == {"unbekannt": ""}
    assert all("# guess: " in line for name in ("delimiter", "encoding", "decimal", "missing") for line in lines(toml, f"{name} ="))
    cohort = read_cohort(tmp_path / "patients.csv", mapping=tables)
    assert cohort.column("age").notna().sum() == N // 3


def test_nines_are_asked_about(tmp_path):
    columns = {"os_months": list(range(N)), "dead": cycled(0, 1), "nodes positive": cycled(0, 1, 2, 3, 98, 99),
               "age": cycled(*[40, 60, 999] * 2), "nodes examined": cycled(12, 20, 18)}
    toml, questions, tables = drafted(tmp_path, columns)
    assert '# "99" = ""  # ? 99 stands in 10 rows: a number, or "not known"?' in toml and '# "98" = ""' in toml and '# "999" = ""' in toml
    assert "codes" not in tables and sum("stand for" in question for question in questions) == 2


def test_a_nine_that_is_a_count_is_left_alone():
    values = pd.Series([str(number) for number in range(10) for _ in range(10)])
    assert list(Look.at(values, ("",), ".").markers(90)) == []
    assert list(Look.at(pd.concat([values[values.astype(int) < 4], pd.Series(["9"] * 40)]), ("",), ".").markers(90)) == ["9"]


def test_codes_of_numbers_are_guesses_and_unknown_words_are_asked(tmp_path):
    columns = {**CERTAIN, "sex": cycled(2, 2, 2), "her2": cycled(0, 1, 2, 3), "chemo": cycled(0, 1, 9), "laterality": cycled("left", "middle")}
    toml, _, tables = drafted(tmp_path, columns)
    assert tables["codes"]["sex"] == {"2": "female"} and tables["codes"]["chemotherapy"] == {"0": "no", "1": "yes", "9": ""}
    assert lines(toml, "sex = ")[0].endswith("# guess: the usual numbers") and lines(toml, "[codes.chemotherapy]")[0].endswith("# guess: the usual numbers")
    assert "her2" not in tables["columns"] and lines(toml, "# her2 = ") and "laterality" not in tables["columns"]
    assert '# "left" = "left"' in toml and '# "middle" = ""  # ?' in toml


def test_numbers_that_would_make_most_patients_men_are_asked(tmp_path):
    _, _, tables = drafted(tmp_path, {**CERTAIN, "sex": cycled(1, 1, 2)})
    assert "sex" not in tables["columns"]


@pytest.mark.parametrize(("title", "values", "expected"), [
    ("PATH_N_STAGE", ("N0", "N0 (I+)", "N1MI", "N1A"), {"system": "cbio_path_n", "column": "PATH_N_STAGE"}),
    ("stadium", ("pN0", "pN1mi", "pN1a"), {"system": "pathology_text", "column": "stadium"}),
    ("pn", ("0", "0I", "1M", "1AS"), {"system": "ncr_pn", "column": "pn"}),
    ("deposit (mm)", (0.1, 1.5, 3.0), {"system": "size", "column": "deposit (mm)"}),
    ("positive nodes", (0, 1, 4), {"system": "nodes_positive", "column": "positive nodes"})])
def test_evidence_on_the_nodes(tmp_path, title, values, expected):
    _, questions, tables = drafted(tmp_path, {"os_months": list(range(N)), "dead": cycled(0, 1), title: cycled(*values)})
    assert tables["nodal"] == [expected] and questions == ()
    assert read_cohort(tmp_path / "patients.csv", mapping=tables).column("nodal_category").notna().any()


def test_bare_levels_of_n_are_asked_about(tmp_path):
    toml, questions, tables = drafted(tmp_path, {"os_months": list(range(N)), "dead": cycled(0, 1), "pN": cycled(0, 1, 2, 3)})
    assert "nodal" not in tables and lines(toml, "# [[nodal]]") and any("naaccr_tnm_path_n" in question for question in questions)


@pytest.mark.parametrize("title", ["nodal_category", "node group", "whatever"])
def test_a_category_in_words(tmp_path, title):
    toml, _, tables = drafted(tmp_path, {"os_months": list(range(N)), "dead": cycled(0, 1), title: cycled("negative", "ITC", "micrometastases", "macro")})
    assert tables["columns"]["nodal_category"] == title and "nodal" not in tables
    assert tables["codes"]["nodal_category"] == {"ITC": "itc", "macro": "macro", "micrometastases": "micro", "negative": "negative"}
    assert ("# guess: by its values" in lines(toml, "nodal_category")[0]) is (title == "whatever")


def test_counts_and_editions_beside_a_category(tmp_path):
    toml, _, tables = drafted(tmp_path, {**CERTAIN, "edition": cycled(7), "positive nodes": cycled(0, 1)})
    assert tables["nodal"] == [{"system": "pathology_text", "column": "pN stage", "edition_column": "edition"}]
    assert '# system = "nodes_positive"' in toml


def test_the_labels_of_a_statistics_file(tmp_path):
    frame = pd.DataFrame({"pid": range(N), "os_days": [float(90 * row) for row in range(N)], "vital": cycled(1.0, 2.0), "vital_status": cycled(1.0, 2.0)})
    pyreadstat.write_sav(frame, str(tmp_path / "p.sav"), variable_value_labels={"vital_status": {1: "alive", 2: "dead"}})
    draft = draft_mapping(tmp_path / "p.sav")
    tables = tomllib.loads(draft.toml)
    assert tables["codes"]["event"] == {"alive": 0, "dead": 1} and tables["units"] == {"time": "days"} and "file" not in tables
    codes = draft_mapping(tmp_path / "p.sav", FileFormat(labels=False))
    assert tomllib.loads(codes.toml)["file"] == {"labels": False} and "event" not in tomllib.loads(codes.toml)["columns"]


def test_no_patient_is_shown(tmp_path):
    names = [f"Vandermeulen{row}" for row in range(N)]
    rare = ["Vandermeulen"] + ["left"] * (N - 1)
    columns = {"patient id": [f"12345{row:04d}" for row in range(N)], "os_months": [f"{row}.73" for row in range(N)], "dead": cycled(0, 1), "surgeon": names,
               "laterality": rare, "birth date": [f"1951-07-{row % 28 + 1:02d}" for row in range(N)], "er": ["see letter of 3-4-2012"] * N,
               "sex": ["female"] * (N - 1) + ["1951-07-03"],
               "her2": ["jansen@example.org"] * N, "vital status": ["9876543"] * 30 + ["1234567"] * 30}
    toml, questions, _ = drafted(tmp_path, columns)
    for shown in ("Vandermeulen", "12345", "1951", "2012", "jansen", "9876543", ".73"):
        assert shown not in toml and shown not in " ".join(questions)


def test_a_first_line_of_values_is_refused_and_not_shown(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("007,12.5,alive,2012-03-04\n008,13.5,dead,2012-03-05\n", encoding="utf-8")
    with pytest.raises(InputError, match="the first line looks like a row of values") as refused:
        draft_mapping(path)
    assert "12.5" not in str(refused.value)


def test_lines_of_comments_above_the_names_are_refused(tmp_path):
    (tmp_path / "p.txt").write_text("#Patient\tMonths\n#Who\tHow long\nPATIENT_ID\tOS_MONTHS\np1\t5\n", encoding="utf-8")
    with pytest.raises(InputError, match="lines that begin with # stand above the names"):
        draft_mapping(tmp_path / "p.txt")


def test_identities_that_stand_twice_are_asked_about(tmp_path):
    _, questions, _ = drafted(tmp_path, {**CERTAIN, "Patient ID": cycled("a", "b")})
    assert any(question.startswith("58 rows hold an identity") for question in questions)


def test_an_empty_column_is_not_mapped(tmp_path):
    _, _, tables = drafted(tmp_path, {**CERTAIN, "age_at_diagnosis": [None] * N, "ER status": ["NA"] * N, "Patient ID": [""] * N})
    assert not {"age", "er", "patient_id"} & set(tables["columns"])


USUAL_TITLES = ["time", "status", "os_months", "vital status", "er", "sex", "age", "pn", "nodes", "dead", "deposit mm", "cause", "her2", "id", "grade", "year"]
USUAL_VALUES = ["0", "1", "2", "9", "99", "", "NA", "alive", "dead", "pN1mi", "negative", "micro", ".", "1,5", "2.5", "2012-03-04", '"', "\\", "yes", "TRUE",
                "died of disease"]
TITLES = st.one_of(st.sampled_from(USUAL_TITLES), st.text(max_size=20))
VALUES = st.one_of(st.sampled_from(USUAL_VALUES), st.text(max_size=12))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(TITLES, min_size=1, max_size=6, unique=True), st.data())
def test_a_draft_is_always_a_mapping(tmp_path, titles, drawn):
    columns = {title: drawn.draw(st.lists(VALUES, min_size=3, max_size=12)) for title in titles}
    n = min(map(len, columns.values()))
    frame = pd.DataFrame({title: pd.Series(values[:n], dtype=str) for title, values in columns.items()})
    frame.to_parquet(tmp_path / "p.parquet")
    try:
        draft = draft_mapping(tmp_path / "p.parquet")
    except InputError:
        return  # names that stand twice once blanks are taken away, or that look like values
    mapping_from(tomllib.loads(draft.toml))
    assert all("\n" not in question for question in draft.questions)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=30))
def test_whatever_is_shown_of_a_column_is_a_code_or_stands_in_five_rows(words):
    look = Look.at(pd.Series(words, name="x"), ("",), ".")
    for word in look.shown():
        assert look.rows_of(word) >= 5 or len(word) <= 6 or word.casefold() in str(known_names()).casefold()


def test_every_list_of_names_is_of_a_column_of_ours():
    ours = known_names()
    assert set(ours["columns"]) - set(COHORT.names) == set() and set(ours["word_tables"]) <= set(ours["columns"])
    assert set(ours["word_tables"].values()) | {"event"} == set(ours["words"])
    for group in ("times", "events", "statuses"):
        stems = {name.replace("-", "_") for name in ours[group]} - {"unstated"}
        assert {f"{stem}_years" for stem in stems} <= set(TIME_COLUMNS) and {f"{stem}_event" for stem in stems} <= set(EVENT_COLUMNS)
    from survival_nodes.nodes import systems

    assert set(ours["nodal"]) - {"any"} <= {system.name for system in systems()}


def test_every_word_of_ours_is_one_that_the_dictionary_allows():
    for ours, table in known_names()["word_tables"].items():
        allowed = {str(word) for word in COHORT[ours].allowed}
        words = set(known_names()["words"][table]) | set(known_names()["digits"].get(table, {}).values())
        assert not allowed or words <= allowed, ours


def test_every_name_finds_itself():
    """A name with a place for a unit is found with each unit, and says it."""
    for group in ("times", "events", "statuses", "columns", "nodal", "beside_nodal"):
        for entry, names in known_names()[group].items():
            for name in names:
                written = name.replace("{unit}", "days").replace("{length}", "cm")
                assert ("days" if "{unit}" in name else "cm" if "{length}" in name else "") in {unit for _, unit in titles_named([written], group, entry)}, name


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    csv(tmp_path, CERTAIN)
    return tmp_path


def test_the_command_prints_a_mapping_and_what_comes_next(folder, capsys):
    assert main(["map", "patients.csv"]) == 0
    said = capsys.readouterr()
    assert mapping_from(tomllib.loads(said.out)).columns["years"] == "OS_MONTHS"
    assert said.err.splitlines()[-1] == "next: survival-nodes report patients.csv --map MAP.toml" and "looking at patients.csv" in said.err


def test_the_command_prints_its_questions(folder, capsys):
    csv(folder, {"time": list(range(N)), "status": cycled(0, 1)})
    assert main(["map", "patients.csv"]) == 0
    said = capsys.readouterr()
    assert [line[:3] for line in said.err.splitlines()[2:-1]] == ["1. ", "2. ", "3. ", "4. "]
    assert "#\n# To decide:\n# 1. In what unit is the follow-up" in said.out


def test_the_command_writes_a_mapping_and_never_over_a_file(folder, capsys):
    assert main(["map", "patients.csv", "-o", "my map.toml"]) == 0
    said = capsys.readouterr()
    assert said.out == "my map.toml\n" and said.err.splitlines()[-1] == "next: survival-nodes report patients.csv --map 'my map.toml'"
    (folder / "my map.toml").write_text("mine", encoding="utf-8")
    assert main(["map", "patients.csv", "-o", "my map.toml"]) == 2
    assert "'my map.toml' is there already: name another with --out, or add --overwrite" in capsys.readouterr().err
    assert (folder / "my map.toml").read_text(encoding="utf-8") == "mine"
    assert main(["map", "patients.csv", "-o", "my map.toml", "--overwrite"]) == 0
    assert "OS_MONTHS" in (folder / "my map.toml").read_text(encoding="utf-8")
    before = (folder / "patients.csv").read_bytes()
    assert main(["map", "patients.csv", "-o", "patients.csv", "--overwrite"]) == 2 and (folder / "patients.csv").read_bytes() == before
    assert main(["map", "patients.csv", "-o", "no/folder.toml"]) == 5
    capsys.readouterr()


def test_the_command_reports_mistakes(folder, capsys):
    assert main(["map", "gone.csv"]) == 2
    (folder / "empty.csv").write_text("", encoding="utf-8")
    assert main(["map", "empty.csv"]) == 3
    assert main(["map", "patients.csv", "--encoding", "klingon"]) == 2
    with pd.ExcelWriter(folder / "p.xlsx") as book:
        pd.DataFrame(CERTAIN).to_excel(book, sheet_name="women", index=False)
        pd.DataFrame({"code": ["a"]}).to_excel(book, sheet_name="codes", index=False)
    capsys.readouterr()
    assert main(["map", "p.xlsx"]) == 3
    assert "('women', 'codes'): add --sheet \"...\"" in capsys.readouterr().err
    assert main(["map", "p.xlsx", "--sheet", "women"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["file"] == {"sheet": "women"}


def test_a_delimiter_may_be_given(folder, capsys):
    (folder / "t.csv").write_text("id\tos_months\tdead\n1\t5\t0\n2\t6\t1\n", encoding="utf-8")
    assert main(["map", "t.csv", "--delimiter", "\\t"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["file"] == {"delimiter": "\t"}


def test_a_draft_is_written_where_it_is_told_to(tmp_path):
    path = csv(tmp_path, CERTAIN)
    draft = draft_mapping(path)
    assert write_draft(draft, tmp_path / "m.toml", path).read_text(encoding="utf-8") == draft.toml
    with pytest.raises(UsageError, match="is there already"):
        write_draft(draft, tmp_path / "m.toml", path)


def test_a_large_file_is_looked_at_in_time(tmp_path):
    n = 30_000
    columns = {"id": np.arange(n).astype(str), "os_months": np.arange(n) / 100, "dead": np.arange(n) % 2, "note": [f"text {row}" for row in range(n)]}
    assert drafted(tmp_path, columns)[2]["columns"] == {"patient_id": "id", "years": "os_months", "event": "dead"}
