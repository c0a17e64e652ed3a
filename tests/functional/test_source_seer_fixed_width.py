"""Fixed-width files and the SAS programs that lay them out, on small made-up files."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from survival_nodes.errors import InputError, UsageError
from survival_nodes.sources.fixed_width import Span, read_fixed_width, sas_layout
from survival_nodes.sources.reading import cohort_of_reading
from survival_nodes.sources.seer_fixed_width import read_seer_fixed_width

# Variable, width, what the program calls it, entries of four made-up patients.
COLUMNS = (
    ("PUBCSNUM", 8, "Patient ID", ("00000101", "00000102", "00000103", "00000104")),
    ("SEX", 1, "Sex", "2221"),
    ("AGE_DX", 3, "Age recode with single ages and 90+", ("062", "048", "090", "999")),
    ("SEQ_NUM", 2, "Sequence number", ("00", "01", "02", "60")),
    ("YEAR_DX", 4, "Year of diagnosis", ("1995", "2008", "2012", "2016")),
    ("PRIMSITE", 4, "Primary Site", ("C504", "C509", "C501", "C509")),
    ("LATERAL", 1, "Laterality", "1243"),
    ("BEHO3V", 1, "Behavior code ICD-O-3", "3333"),
    ("GRADE", 1, "Grade Recode (thru 2017)", "3194"),
    ("DX_CONF", 1, "Diagnostic Confirmation", "1118"),
    ("REPT_SRC", 1, "Type of Reporting Source", "1117"),
    ("EOD10_ND", 1, "EOD 10 - nodes (1988-2003)", "2   "),
    ("EOD10_PN", 2, "Regional nodes positive (1988+)", ("03", "00", "01", "98")),
    ("EOD10_NE", 2, "Regional nodes examined (1988+)", ("15", "02", "03", "00")),
    ("CSLYMPHN", 3, "CS lymph nodes (2004-2015)", ("   ", "050", "150", "   ")),
    ("CSRGEVAL", 1, "CS Reg Node Eval (2004-2015)", " 36 "),
    ("CS4SITE", 3, "CS site-specific factor 4 (2004-2017 varying by schema)", ("   ", "000", "000", "002")),
    ("DAJCC7N", 3, "Derived AJCC N, 7th ed (2010-2015)", ("   ", "   ", "180", "   ")),
    ("DASRCN", 5, "Derived SEER Combined N (2016-2017)", ("     ", "     ", "     ", "p0   ")),
    ("SURGPRIF", 2, "RX Summ--Surg Prim Site (1998+)", ("  ", "22", "41", "00")),
    ("CODPUB", 5, "COD to site recode", ("26000", "00000", "50060", "41000")),
    ("STAT_REC", 1, "Vital status recode (study cutoff used)", "4141"),
    ("VSRTSADX", 1, "SEER cause-specific death classification", "1000"),
    ("ODTHCLASS", 1, "SEER other cause of death classification", "0010"),
    ("SRV_TIME_MON", 4, "Survival months", ("0123", "0000", "0081", "9999")),
    ("SRV_TIME_MON_FLAG", 1, "Survival months flag", "1018"),
    ("ADJM_6VALUE", 2, "Breast - Adjusted AJCC 6th M (1988-2015)", ("00", "00", "10", "99")),
)


def lines(end="\n"):
    return end.join("".join(row) for row in zip(*(entries for *_, entries in COLUMNS))) + end


def program(comments=True, informat="$char{}.", end="\n", pattern="    @ {start:<4}{name:<20} {informat} {comment}"):
    rows, start = [], 1
    for name, width, label, _ in COLUMNS:
        rows.append(pattern.format(start=start, name=name, informat=informat.format(width), comment=f"/* {label} */" if comments else ""))
        start += width
    return end.join(["filename in1 'matrix.txt';", "data in;", f"  infile in1 lrecl={start - 1};", "  input", *rows, ";", ""])


@pytest.fixture
def files(tmp_path):
    (tmp_path / "matrix.txt").write_text(lines(), encoding="utf-8")
    (tmp_path / "matrix.sas").write_text(program(), encoding="utf-8")
    return tmp_path


def codes(values):
    return [None if pd.isna(value) else value for value in values]


def test_patients_are_read_by_the_program_beside_the_file(files):
    reading = read_seer_fixed_width(files / "matrix.txt")
    frame = reading.frame
    assert reading.said == () and reading.source == "seer-fixed-width"
    assert frame["patient_id"].tolist() == ["00000101", "00000102", "00000103", "00000104"]
    assert codes(frame["years"]) == [123, 0, 81, None] and codes(frame["event"]) == [1, 0, 1, 0]
    assert codes(frame["cause"]) == ["breast-cancer", "none", "other", "none"]
    assert codes(frame["age"]) == [62, 48, 90, None] and codes(frame["sequence_number"]) == [0, 1, 2, 60]
    assert codes(frame["topography"]) == ["C50.4", "C50.9", "C50.1", "C50.9"]
    assert codes(frame["laterality"]) == ["right", "left", "bilateral", "unknown"]
    assert codes(frame["confirmation"]) == ["microscopic", "microscopic", "microscopic", "death certificate"]
    assert codes(frame["grade"]) == ["3", "1", None, None] and codes(frame["surgery"]) == [None, "conserving", "mastectomy", "none"]
    assert codes(frame["neoadjuvant"]) == [None, None, "yes", None]
    assert codes(frame["m_category"]) == ["M0", "M0", "M1", "MX"]
    cohort = cohort_of_reading(reading)
    assert cohort.frame["nodal_category"].tolist() == ["macro", "itc", "micro"]
    assert cohort.ledger.frame["rule"].tolist()[:2] == ["read", "survival known"]


@pytest.mark.parametrize("options", [
    {"comments": False}, {"informat": "${}."}, {"informat": "{}."}, {"informat": "$ {}."}, {"end": "\r\n"},
    {"pattern": "@{start} {name}\n   {informat}\n   {comment}"}, {"pattern": "@ {start} {name} {informat} ; {comment}"}])
def test_however_the_program_is_written_it_is_read_alike(files, options):
    before = read_seer_fixed_width(files / "matrix.txt").frame
    (files / "matrix.sas").write_bytes(program(**options).encode())
    pd.testing.assert_frame_equal(read_seer_fixed_width(files / "matrix.txt").frame, before)


def test_a_column_goes_by_its_label_before_its_name(files):
    text = program().replace("SRV_TIME_MON ", "XYZ1         ").replace("STAT_REC ", "XYZ2     ")
    (files / "matrix.sas").write_text(text, encoding="utf-8")
    assert codes(read_seer_fixed_width(files / "matrix.txt").frame["years"]) == [123, 0, 81, None]


@pytest.mark.parametrize("content", [
    lines("\r\n").encode(), lines("\r").encode(), gzip.compress(lines().encode()), lines().rstrip("\n").encode(), lines().encode() + b"\n\x1a",
    b"\xef\xbb\xbf" + lines().encode()])
def test_line_ends_and_packing_do_not_matter(files, content):
    before = read_seer_fixed_width(files / "matrix.txt").frame
    (files / "matrix.txt").write_bytes(content)
    pd.testing.assert_frame_equal(read_seer_fixed_width(files / "matrix.txt").frame, before)


def test_the_program_may_be_named_or_the_only_one(files):
    before = read_seer_fixed_width(files / "matrix.txt").frame
    (files / "matrix.sas").rename(files / "read.seer.sas")
    pd.testing.assert_frame_equal(read_seer_fixed_width(files / "matrix.txt").frame, before)
    (files / "other.sas").write_text("data x;", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_seer_fixed_width(files / "matrix.txt")
    assert str(caught.value) == ("the columns of 'matrix.txt' are not known: there is no SAS program of that name beside it, and 2 others; "
                                 'name the one that came with it with layout="..."')
    pd.testing.assert_frame_equal(read_seer_fixed_width(files / "matrix.txt", layout=files / "read.seer.sas").frame, before)
    with pytest.raises(InputError, match="'other.sas' has no INPUT block with positions"):
        read_seer_fixed_width(files / "matrix.txt", layout=files / "other.sas")
    with pytest.raises(UsageError, match="there is no file 'gone.sas'"):
        read_seer_fixed_width(files / "matrix.txt", layout=files / "gone.sas")


def test_columns_are_kept_by_name_or_label(files):
    assert codes(read_seer_fixed_width(files / "matrix.txt", keep="CODPUB").frame["CODPUB"]) == ["26000", "00000", "50060", "41000"]
    assert codes(read_seer_fixed_width(files / "matrix.txt", keep="COD to site recode").frame["COD to site recode"])[0] == "26000"
    with pytest.raises(UsageError, match="there is no column to keep 'CODPUP' .nearest: 'CODPUB'."):
        read_seer_fixed_width(files / "matrix.txt", keep="CODPUP")
    with pytest.raises(UsageError, match="there is no option 'layuot' .nearest: 'layout'."):
        read_seer_fixed_width(files / "matrix.txt", layuot="x")


def test_a_file_that_does_not_fit_its_program_is_named(files):
    whole = lines()
    (files / "matrix.txt").write_text(whole[:-6] + "\n", encoding="utf-8")
    width = len(whole.split("\n")[0])
    with pytest.raises(InputError) as caught:
        read_seer_fixed_width(files / "matrix.txt")
    assert str(caught.value) == (f"'matrix.txt': most lines have {width} characters, but line 4 has {width - 5} (1 of 4 lines): "
                                 "fetch or export the file again, or read it as delimited text if it is that")
    (files / "matrix.txt").write_text("\n".join(line[:-3] for line in whole.splitlines()) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"its lines have {width - 3} characters, and by the layout ADJM_6VALUE, SRV_TIME_MON_FLAG stand outside them"):
        read_seer_fixed_width(files / "matrix.txt")
    (files / "matrix.sas").write_text("@ 1 PUBCSNUM $char8. /* Patient ID */ @ 9 SEX $char1.", encoding="utf-8")
    with pytest.raises(InputError, match="no column was found for 'years'"):
        read_seer_fixed_width(files / "matrix.txt")


def test_spans_count_characters_from_one(tmp_path):
    (tmp_path / "a.dat").write_text(" Zoë 7\n Ada12\n", encoding="latin-1")
    table = read_fixed_width(tmp_path / "a.dat", [Span("who", 2, 3), Span("n", 5, 2), Span("all", 1, 6)], encoding="latin-1")
    assert table.frame["who"].tolist() == ["Zoë", "Ada"] and table.frame["n"].tolist() == ["7", "12"]
    assert table.frame["all"].tolist() == ["Zoë 7", "Ada12"] and table.name == "a.dat" and len(table.sha256) == 64
    for span in (Span("x", 0, 1), Span("x", 6, 2)):
        with pytest.raises(InputError, match="by the layout x stands outside them"):
            read_fixed_width(tmp_path / "a.dat", [span], encoding="latin-1")


def test_every_value_is_cut_out_as_python_would(tmp_path):
    generator = np.random.default_rng(5)
    rows = ["".join(row) for row in generator.choice(list("01 aZ"), (500, 40))]
    (tmp_path / "b.dat").write_text("\n".join(rows), encoding="utf-8")
    spans = [Span(f"c{start}_{width}", start, width) for start in (1, 5, 17) for width in (1, 2, 7, 8, 9, 16, 23)]
    told = []
    frame = read_fixed_width(tmp_path / "b.dat", spans, watch=told.append).frame
    for span in spans:
        assert frame[span.name].tolist() == [row[span.start - 1: span.start - 1 + span.width].strip() for row in rows], span
    assert told[-1] == 1 and told == sorted(told)


def test_sas_layouts():
    assert sas_layout("input @1 A $3. @ 4 B 2. /* b; c */ @6 C $CHAR10.;\n/* of all */") == (
        Span("A", 1, 3), Span("B", 4, 2, "b; c"), Span("C", 6, 10))
    assert sas_layout("/* @ 1 OLD $char8. /* Old */\n@ 1 NEW $char8. /* New */")[0].name == "NEW"
    assert sas_layout("data x; set y;") == ()
