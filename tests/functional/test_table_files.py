"""Is every kind of file read as the text that a person would read in it, and is every file that cannot be read named in a line?"""

from __future__ import annotations

import base64
import datetime as dt
import sys
import warnings
import zlib

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pyreadstat
import pytest
from survival_nodes.errors import DataWarning, InputError, UsageError
from survival_nodes.sources import statistics_files
from survival_nodes.sources.delimited import FileFormat
from survival_nodes.sources.table_files import KINDS, TABLE_SUFFIXES, read_table
from survival_nodes.sources.value_texts import TextColumn, value_text

PATIENTS = pd.DataFrame({"pid": ["007", "008", "009"], "months": [12.5, 60.0, 24.0], "status": [2.0, 1.0, 9.0]})
LABELS = {"status": {1.0: "alive", 2.0: "dead", 9.0: "lost"}}
READ = {"pid": ["007", "008", "009"], "months": ["12.5", "60", "24"], "status": ["dead", "alive", "lost"]}

# No library at hand writes files of SAS's own format: these two, of three made-up patients with the labels of VITAL in a catalogue beside them, were written
# once by the C library ReadStat and are kept packed (zlib, base 85). pid 007, 008, 009; months 12.5, 60, 24; status 2, 1, missing; dx 2012-03-04, -05, missing.
SAS = (
    'c-rlm&1(};5WweUlXRoeCa{Md1Va^x2g6&ordtrqLL)6i5fa3Mph6Gn!6<YKIVs)+!IOf2gC4wyAcz+a9{f1<Ab9ZR$&=QvuABFf>`uF6r35O@50=@PH}l@S&1^E81sL)2^X)57tn!=Z_e?0fvhU0s'
    'E|r~Ga2%GgnRKxL3>LFH?1%%F1r>wodD>pPa%Q>JT=Y6#yV<EE0b>}%Yrjw3-lGlwqo?II=aM`aGB4El9JkM&Y_0az`w_cSvw4l5u<bgp*>=sw)Ail@<@(%6AFTWM7<;V`?0^5+hplLyKoA5$5ClOG'
    '1VIpchzIJq6>~SQPBPO_48=xKs#PQI_d?lcP<(fvlovB`dr{dhX@h!Te_N396teq;o&DVe|4mcM2FmAYg1w($cgNV#vWnx{UCM{=8=TKa{^vNS#=o2vPGa1RjJtCD-R3PVIbWzyl@bI&5POBKpMe0|'
    '3km*<kWCezgbTS{#iz|bb-WA@s!G>C(%CRiHr(sL%MjKmzf|lJ#Cs><l^r!qqSeSUFp*wDdXxa=1#lE(%T@*1(s3mlfLb&7jq(by@H-pvPN&m6e`9q8u3hi>-8FzU|Ej+p$_vXKuN4NZ^u@cI=1!Yl'
    'itaUJYC`o{oQhv-eU<X4Z_A^-Gn60J1LT)OemPVh4DA!^stm{0;g6Jl--F%N^}oi~5ZHEy0elM)owm{sqVY1Hjor6K!u)t%?O)c0Qha<K)k*N5eIAo~9{pSNeU?G`exx5j`ZUtbiS5*k)Rq-lrzp-3'
    'rCd21X3B=&Vw#)7Gb8!Z2>t-29RZ9')
CATALOGUE = (
    'c-rmUF-yZx5Ww+!Z3W#@$k5G@&W1cvgN{L~6e0x^#7&CrP>@b4UEQ7h49+4ri_*ox!L^%{OD8{og9eGM(X=2g%Kr!9cz5?Mk7Q0n#s;I4{VTKlaD6r}3wQdovS^e&TWnhuw0dtbMT+WE-cwaiOjE3)'
    'O6NpDWNkFU`g#xtQ9ZWu$P8<5`@`m@b$Q;q7#=<bY5dZdOfp1Dne?jT)?B@{9Cmw0{fWHiXxDL<wDw&`Ye#3t^;i5ozcyYc_k9_u`}E2?Z|?a3000000000000000000000Du{G!)QB+={GXQk0&*G'
    'm;e9(00000006+B^E9=((};s`>OcGnnfUuE-{fwdvsE=wz0GvbN$a3{-1%6Sq}^$?dG`PS004mh<`sMZKso')


def texts(table) -> dict[str, list[str]]:
    return {name: table.frame[name].tolist() for name in table.frame.columns}


def unpacked(folder, name: str, packed: str):
    path = folder / name
    path.write_bytes(zlib.decompress(base64.b85decode(packed)))
    return path


def written(folder, suffix: str, frame: pd.DataFrame = PATIENTS, **options):
    path = folder / f"patients{suffix}"
    if suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".sas7bdat":
        return unpacked(folder, path.name, SAS)
    else:
        writers = {".dta": pyreadstat.write_dta, ".sav": pyreadstat.write_sav, ".zsav": pyreadstat.write_sav, ".por": pyreadstat.write_por,
                   ".xpt": pyreadstat.write_xport}
        writers[suffix](frame, str(path), **({"compress": True} if suffix == ".zsav" else {}), **options)
    return path


def workbook(folder, **sheets):
    """Write rows of cells, sheet by sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path = folder / "patients.xlsx"
    book.save(path)
    return path


WRITABLE = [".xlsx", ".parquet", ".dta", ".sav", ".zsav", ".por", ".xpt", ".sas7bdat"]


@pytest.mark.parametrize("suffix", WRITABLE + [".csv"])
def test_numbers_have_no_decimals_of_their_own_and_zeros_in_front_stay(tmp_path, suffix):
    table = read_table(written(tmp_path, suffix))
    found = {name.lower(): values for name, values in texts(table).items()}
    assert found["pid"] == READ["pid"]
    assert [float(text) for text in found["months"]] == [12.5, 60, 24]
    assert suffix == ".csv" or found["months"] == READ["months"]
    assert table.name == f"patients{suffix}" and len(table.sha256) == 64


@pytest.mark.parametrize("suffix", [".dta", ".sav", ".zsav"])
def test_labels_are_read_instead_of_codes(tmp_path, suffix):
    path = written(tmp_path, suffix, variable_value_labels=LABELS)
    assert texts(read_table(path)) == READ
    assert texts(read_table(path, FileFormat(labels=False)))["status"] == ["2", "1", "9"]


def test_a_code_without_a_label_stays_a_code(tmp_path):
    path = written(tmp_path, ".dta", variable_value_labels={"status": {1: "alive", 2: ""}, "months": {60: "5 years"}})
    assert texts(read_table(path)) == {**READ, "status": ["2", "alive", "9"], "months": ["12.5", "5 years", "24"]}


def test_what_spss_declares_missing_is_empty(tmp_path):
    path = written(tmp_path, ".sav", variable_value_labels=LABELS, missing_ranges={"status": [9], "pid": ["009"], "months": [{"lo": 50, "hi": 99}]})
    assert texts(read_table(path)) == {"pid": ["007", "008", ""], "months": ["12.5", "", "24"], "status": ["dead", "alive", ""]}


def test_the_extended_missing_values_of_stata_are_empty(tmp_path):
    frame = PATIENTS.astype({"status": object})
    frame.loc[2, "status"] = "a"
    path = written(tmp_path, ".dta", frame, variable_value_labels={"status": {1: "alive", 2: "dead", "a": "moved away"}}, missing_user_values={"status": ["a"]})
    assert texts(read_table(path))["status"] == ["dead", "alive", ""]


def test_the_labels_of_a_sas_file_stand_in_a_catalogue_beside_it(tmp_path):
    path = unpacked(tmp_path, "patients.sas7bdat", SAS)
    codes = {"pid": READ["pid"], "months": READ["months"], "status": ["2", "1", ""], "dx": ["2012-03-04", "2012-03-05", ""]}
    assert texts(read_table(path)) == codes
    unpacked(tmp_path, "patients.sas7bcat", CATALOGUE)
    assert texts(read_table(path)) == {**codes, "status": ["dead", "alive", ""]}
    assert texts(read_table(path, FileFormat(labels=False))) == codes


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet", ".dta", ".sav", ".xpt"])
def test_dates_are_written_as_the_standard_does(tmp_path, suffix):
    frame = pd.DataFrame({"seen": pd.Series([dt.datetime(2012, 3, 4), dt.datetime(2012, 3, 4, 10, 30), None], dtype="datetime64[us]")})
    assert texts(read_table(written(tmp_path, suffix, frame)))["seen"] == ["2012-03-04", "2012-03-04 10:30:00", *([] if suffix == ".xlsx" else [""])]


@pytest.mark.parametrize("suffix", [".dta", ".sav", ".parquet"])
def test_days_without_a_time_are_dates_too_however_far(tmp_path, suffix):
    frame = pd.DataFrame({"born": [dt.date(1600, 1, 1), None, dt.date(9999, 12, 31)]})
    assert texts(read_table(written(tmp_path, suffix, frame)))["born"] == ["1600-01-01", "", "9999-12-31"]


def test_single_precision_has_the_digits_that_it_has(tmp_path):
    frame = pd.DataFrame({"mm": np.array([0.1, 2.0, 0.2], dtype=np.float32)})
    path = tmp_path / "patients.dta"
    frame.to_stata(path, write_index=False, version=118)
    frame.to_parquet(tmp_path / "patients.parquet")
    assert texts(read_table(path))["mm"] == texts(read_table(tmp_path / "patients.parquet"))["mm"] == ["0.1", "2", "0.2"]


def test_numbers_take_the_decimal_sign_of_the_text_beside_them(tmp_path):
    path = workbook(tmp_path, patients=[["a", "b"], [1.5, "2,5"], [1, "3"]])
    assert texts(read_table(path, FileFormat(decimal=","))) == {"a": ["1,5", "1"], "b": ["2,5", "3"]}


def test_every_kind_of_value_in_parquet(tmp_path):
    table = pa.table({
        "whole": pa.array([1, None, 2**60]), "half": pa.array([0.1, float("nan"), 1e300]), "true": pa.array([True, False, None]),
        "exact": pa.array(["0.20", "3.00", None]).cast(pa.decimal128(5, 2)), "word": pa.array([" a", None, "a"]).dictionary_encode(),
        "raw": pa.array([b"x", None, b"y"]), "nothing": pa.nulls(3), "__index_level_0__": pa.array([5, 6, 7])})
    pyarrow.parquet.write_table(table, tmp_path / "p.parquet", row_group_size=2)
    assert texts(read_table(tmp_path / "p.parquet")) == {
        "whole": ["1", "", str(2**60)], "half": ["0.1", "", "1e+300"], "true": ["TRUE", "FALSE", ""], "exact": ["0.2", "3", ""], "word": ["a", "", "a"],
        "raw": ["x", "", "y"], "nothing": ["", "", ""]}


def test_columns_of_lists_are_refused(tmp_path):
    pyarrow.parquet.write_table(pa.table({"nodes": [[1, 2], [3]]}), tmp_path / "p.parquet")
    with pytest.raises(InputError, match="column 'nodes' holds lists or records"):
        read_table(tmp_path / "p.parquet")


def test_a_sheet_with_empty_rows_and_columns_around_the_table(tmp_path):
    path = workbook(tmp_path, patients=[[], [None, None, " id ", None, "years", 2012, "dead"], [], [None, None, "01", None, 2.50, None, True],
                                        [None, None, None, "  "], [None, None, "02", None, 3, "x", False], []])
    assert texts(read_table(path)) == {"id": ["01", "02"], "years": ["2.5", "3"], "2012": ["", "x"], "dead": ["TRUE", "FALSE"]}


def test_the_first_column_may_be_row_names(tmp_path):
    path = workbook(tmp_path, patients=[[None, "a"], [1, 5], [2, None]])
    assert texts(read_table(path)) == {"unnamed 1": ["1", "2"], "a": ["5", ""]}


@pytest.mark.parametrize("header", [["id", "follow-up", None], ["All our women", None, None]])
def test_merged_headers_and_titles_above_the_table_are_refused(tmp_path, header):
    book = openpyxl.Workbook()
    for row in (header, ["id", "months", "dead"], ["1", 5, 1]):
        book.active.append(row)
    book.active.merge_cells("B1:C1")
    book.save(tmp_path / "p.xlsx")
    with pytest.raises(InputError, match=r"column (B, )?C of the sheet holds values and has no name in its first row"):
        read_table(tmp_path / "p.xlsx")


def test_several_sheets_are_named_and_one_is_chosen(tmp_path):
    path = workbook(tmp_path, empty=[], patients=[["id"], ["1"]], notes=[["what"], ["a"]])
    with pytest.raises(InputError, match=r"2 sheets that hold something \('patients', 'notes'\): say sheet ="):
        read_table(path)
    assert texts(read_table(path, FileFormat(sheet="notes"))) == {"what": ["a"]}
    with pytest.raises(UsageError, match=r"no sheet 'patient' \(nearest: 'patients'\)"):
        read_table(path, FileFormat(sheet="patient"))


def test_a_hidden_sheet_is_not_in_the_way(tmp_path):
    path = workbook(tmp_path, lists=[["yes"], ["no"]], patients=[["id"], ["1"]])
    book = openpyxl.load_workbook(path)
    book["lists"].sheet_state = "hidden"
    book.save(path)
    assert texts(read_table(path)) == {"id": ["1"]}


def test_errors_of_a_spreadsheet_are_missing_and_counted(tmp_path):
    path = workbook(tmp_path, patients=[["id", "x"], ["1", "#N/A"], ["2", "#REF!"], ["3", "4"]])
    with pytest.warns(DataWarning, match="2 cells hold an error of the spreadsheet"):
        assert texts(read_table(path))["x"] == ["", "", "4"]


def test_formulas_that_were_never_calculated_are_missing_and_counted(tmp_path):
    path = workbook(tmp_path, patients=[["id", "months"], ["1", "=2+3"], ["2", "=A2"], ["3", 4]])
    with pytest.warns(DataWarning, match="2 formulas were never calculated"):
        assert texts(read_table(path))["months"] == ["", "", "4"]


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize("kept", [0, 30, 0.5])
def test_a_file_cut_short_is_named_in_a_line(tmp_path, suffix, kept):
    many = pd.concat([PATIENTS] * 201, ignore_index=True)
    path = written(tmp_path, suffix, many)
    content = path.read_bytes()
    path.write_bytes(content[: kept if kept != 0.5 else len(content) // 2 + 1])
    with pytest.raises(InputError, match=f"'patients{suffix}' (is empty|is cut short|cannot be read as|does not begin as)") as refused:
        read_table(path)
    assert "\n" not in str(refused.value) and "007" not in str(refused.value)


@pytest.mark.parametrize("suffix", [suffix for kind in KINDS for suffix in kind.suffixes])
def test_a_name_that_says_another_kind_is_refused(tmp_path, suffix):
    kind = next(kind for kind in KINDS if suffix in kind.suffixes)
    other = ".dta" if kind.title != "a Stata file" else ".parquet"
    path = written(tmp_path, other).rename(tmp_path / f"patients{suffix}")
    with pytest.raises(InputError, match=f"whatever its name says: rename it to {other}"):
        read_table(path)
    path.write_text("id,months\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"does not begin as {kind.title} does"):
        read_table(path)


def test_the_name_may_be_in_capitals(tmp_path):
    assert texts(read_table(written(tmp_path, ".dta").rename(tmp_path / "P.DTA")))["pid"] == READ["pid"]


@pytest.mark.parametrize(("name", "content", "error", "said"), [
    ("p.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", InputError, "save it as .xlsx"),
    ("p.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", InputError, "without a password"),
    ("p.ods", b"PK\x03\x04", InputError, r"\.xlsx, .*files are read \(text also with \.gz\): save it as one of these$"),
    ("p.dat", b"<stata_dta>", InputError, r"or name it \.dta, which it looks like"),
    ("p.dta.gz", b"\x1f\x8b", InputError, "save it as one of these$"),
    ("p.xlsx", b"PK\x03\x04 no archive", InputError, "cannot be read as an Excel workbook"),
    ("p.csv", b"PK\x03\x04", InputError, "an Excel workbook or a zip archive"),
    ("gone.sav", None, UsageError, "there is no file 'gone.sav'"),
])
def test_files_that_are_no_table(tmp_path, name, content, error, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=said):
        read_table(tmp_path / name)


def test_a_zip_archive_that_is_no_workbook(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "p.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match=r"cannot be read as an Excel workbook \(KeyError\)"):
        read_table(tmp_path / "p.xlsx")


def test_names_that_stand_twice_are_refused(tmp_path):
    with pytest.raises(InputError, match="the column name 'a' stands more than once"):
        read_table(workbook(tmp_path, patients=[["a", "b", " a"], [1, 2, 3]]))


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet", ".dta", ".sav"])
def test_a_file_without_rows_is_refused(tmp_path, suffix):
    with pytest.raises(InputError, match="holds columns and no rows"):
        read_table(written(tmp_path, suffix, PATIENTS.iloc[:0]))


@pytest.mark.parametrize(("suffix", "library"), [(".xlsx", "openpyxl"), (".parquet", "pyarrow"), (".sav", "pyreadstat")])
def test_a_library_that_is_not_installed_is_named(tmp_path, monkeypatch, suffix, library):
    path = written(tmp_path, suffix)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UsageError, match=rf'{library}, which is not installed: pip install "survival-nodes\[io\]"'):
        read_table(path)


def test_an_encoding_that_the_file_does_not_declare(tmp_path):
    frame = PATIENTS.assign(pid=["Z\u00fcrich", "b", "c"])
    path = tmp_path / "patients.dta"
    # A file of Stata 12 declares no encoding, and is taken for that of Windows; said otherwise, the same bytes are other letters.
    pyreadstat.write_dta(frame, str(path), version=12)
    content = path.read_bytes().replace("Z\u00fcrich".encode("utf-8"), "Z\u00fcrich".encode("latin-1") + b"\0")
    path.write_bytes(content)
    assert texts(read_table(path))["pid"][0] == "Z\u00fcrich"
    assert texts(read_table(path, FileFormat(encoding="iso8859-5")))["pid"][0] == "Z\u045crich"


def test_a_file_is_read_piece_by_piece(tmp_path, monkeypatch):
    frame = pd.DataFrame({"id": [f"{row:04d}" for row in range(2500)], "k": [float(row % 3) for row in range(2500)], "x": [row + 0.5 for row in range(2500)]})
    path = written(tmp_path, ".sav", frame, variable_value_labels={"k": {0: "none"}})
    monkeypatch.setattr(statistics_files, "_ROWS_AT_ONCE", 1000)
    found = read_table(path).frame
    assert found["id"].tolist() == frame["id"].tolist() and found["x"].tolist() == frame["x"].astype(str).tolist()
    assert found["k"].tolist() == [("none", "1", "2")[row % 3] for row in range(2500)]
    assert isinstance(found["k"].dtype, pd.CategoricalDtype) and found["id"].dtype == object
    monkeypatch.setattr(statistics_files, "_ROWS_AT_ONCE", 1250)
    assert len(read_table(path).frame) == 2500


@pytest.mark.parametrize("suffix", [".dta", ".sav", ".zsav", ".por"])
def test_a_file_cut_short_is_seen_in_whichever_piece_it_ends(tmp_path, monkeypatch, suffix):
    path = written(tmp_path, suffix, pd.concat([PATIENTS] * 500, ignore_index=True))
    monkeypatch.setattr(statistics_files, "_ROWS_AT_ONCE", 250)
    assert len(read_table(path).frame) == 1500
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(InputError, match="it is cut short or damaged"):
        read_table(path)


def test_labels_that_two_codes_share_are_one_value():
    column = TextColumn()
    column.extend_values([1.0, 2.0, 3.0, None], {1: "yes", 2.0: "yes"}, ".")
    assert column.series().tolist() == ["yes", "yes", "3", ""] and column.series().cat.categories.tolist() == ["yes", "3", ""]


def test_reading_is_quiet(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for suffix in WRITABLE:
            read_table(written(tmp_path, suffix))


def test_every_suffix_is_written_or_known():
    assert set(WRITABLE) | {".xlsm", ".pq", ".xport", ".csv", ".tsv", ".tab", ".txt"} == set(TABLE_SUFFIXES)


@pytest.mark.parametrize(("value", "text"), [(-0.0, "0"), (1e20, "1e+20"), (2.0**53, "9007199254740992"), (float("inf"), "inf"), (np.float32(0.1), "0.1"),
                                             (np.int64(5), "5"), (dt.time(9, 30), "09:30:00")])
def test_the_text_of_a_value(value, text):
    assert value_text(value) == text
