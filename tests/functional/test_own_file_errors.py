"""Bad files, as a new user would bring them: one clear line each, of the right kind, and no patient's value in it."""

from __future__ import annotations

import gzip

import pytest
from survival_nodes.errors import InputError, UsageError
from survival_nodes.sources.registry import read_cohort

COLUMNS = {"columns": {"years": "months", "event": "status"}, "time_unit": "months"}


@pytest.fixture
def fault(tmp_path):
    """Read content as a file of the name and give the one line that comes of it."""

    def read(content: str | bytes, name: str = "patients.csv", **options) -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(InputError) as caught:
            read_cohort(path, **(options or COLUMNS))
        message = str(caught.value)
        assert "\n" not in message
        assert name in message or "column" in message
        assert str(tmp_path) not in message
        return message

    return read


def test_a_file_that_is_not_there_is_a_mistake_of_usage(tmp_path):
    with pytest.raises(UsageError, match="there is no file 'none.csv' in the folder"):
        read_cohort(tmp_path / "none.csv", **COLUMNS)


def test_a_folder(tmp_path):
    (tmp_path / "export").mkdir()
    with pytest.raises(InputError, match="'export' is a folder: name the file in it"):
        read_cohort(tmp_path / "export", **COLUMNS)


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file(fault, content):
    assert "is empty" in fault(content)


def test_a_header_and_nothing_else(fault):
    assert "holds a header and no rows" in fault("months,status\n")


def test_a_file_of_another_kind_says_what_to_do(fault):
    message = fault(b"whatever", "patients.xlsx")
    assert ".csv" in message and "save it as CSV UTF-8" in message


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "an Excel workbook or a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a git-lfs pointer"),
    ],
)
def test_a_file_that_was_renamed_to_csv(fault, content, kind):
    assert kind in fault(content)


def test_a_nul_byte_names_its_line(fault):
    assert "NUL byte in line 3" in fault(b"months,status\n1,0\n2,\x001\n")


def test_utf_16_is_recognised(fault):
    assert 'encoding = "utf-16"' in fault("months,status\n1,0\n".encode("utf-16"))


def test_latin_1_read_as_utf_8_names_the_line_and_the_way_out(fault):
    message = fault("months,status,town\n1,0,Lund\n2,1,Malmö\n".encode("latin-1"))
    assert "line 3" in message and 'encoding = "latin-1"' in message and "Malm" not in message


def test_a_gzip_that_was_cut_short(fault):
    packed = gzip.compress(b"months,status\n" + b"1,0\n" * 500)
    assert "cut short or damaged" in fault(packed[: len(packed) // 2], "patients.csv.gz")


def test_semicolons_read_as_commas(fault):
    assert 'delimiter = ";"' in fault("months;status\n1,5;0\n2,5;1\n")


def test_tabs_read_as_commas(fault):
    assert 'delimiter = "\\t"' in fault("months\tstatus\n1\t0\n")


def test_a_decimal_comma(fault):
    message = fault("months;status\n1,5;0\n2,5;1\n", columns=COLUMNS["columns"], time_unit="months", delimiter=";")
    assert message == (
        "'patients.csv': column 'months' (years): not a number of months: if these are decimal commas, say decimal = \",\" under [file] "
        "in 2 rows (row 1, 2)")


def test_a_file_without_a_header(fault):
    message = fault("19,1,1\n25,1,1\n", columns={"years": "time", "event": "death"}, time_unit="months")
    assert "the first line holds numbers only" in message


def test_columns_of_one_name(fault):
    assert "the column name 'status' stands more than once" in fault("months,status,status\n1,0,0\n")


def test_rows_that_are_too_long_or_too_short(fault):
    message = fault("months,status,note\n1,0,a\n2,1,b,c\n3,0\n4,1,d\n")
    assert "the header has 3 columns, but row 2 has 4, row 3 has 2 (2 of 4 rows)" in message


def test_a_quotation_mark_that_is_not_closed(fault):
    assert "a quotation mark is not closed" in fault('months,status,note\n1,0,"a\n2,1,b\n')


def test_a_column_that_is_not_there_names_the_nearest(fault):
    message = fault("month,status\n1,0\n")
    assert message == "'years' is mapped to a column that is not in 'patients.csv': there is no column 'months' (nearest: 'month'); there are: month, status"


def test_every_column_that_is_not_there_is_named(fault):
    message = fault("a,b\n1,0\n")
    assert "'months'" in message and "'status'" in message


def test_codes_or_levels_of_a_column_that_is_not_there(fault):
    assert "codes.err: there is no column 'err' (nearest: 'er')" in fault("months,status,er\n1,0,x\n", **COLUMNS, codes={"err": {"x": "y"}})
    assert "levels.err: there is no column 'err' (nearest: 'er')" in fault("months,status,er\n1,0,x\n", **COLUMNS, levels={"err": ["x"]})


def test_no_event_and_no_time_say_how_to_name_them(fault):
    message = fault("months,vital_status\n1,0\n", columns={"years": "months"}, time_unit="months")
    assert "no column is mapped to 'event' (nearest: 'vital_status')" in message and "under [columns]" in message
    assert "no column is mapped to 'years' (nearest: 'time')" in fault("time,event\n1,0\n", time_unit="months")


def test_without_a_unit_of_time_nothing_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("years,event\n1,0\n")
    with pytest.raises(UsageError, match=r'in what unit is the follow-up\? Say time = "days", "months" or "years" under \[units\]'):
        read_cohort(tmp_path / "a.csv")


def test_an_event_coded_1_and_2(fault):
    message = fault("months,status\n1,1\n2,2\n")
    assert message.startswith("'patients.csv': column 'status' (event): coded 1/2") and message.endswith('[codes.event] "1" = 0, "2" = 1')


def test_an_event_in_words(fault):
    message = fault("months,status\n1,alive\n2,dead\n")
    assert "[codes.event]" in message and "alive" not in message


def test_an_event_given_as_a_date(fault):
    message = fault("months,status\n1,2016-05-31\n2,2017-01-01\n")
    assert "column 'status' (event): a date" in message and "2016" not in message


def test_a_missing_event(fault):
    assert "column 'status' (event): missing in 1 row (row 2)" in fault("months,status\n1,1\n2,\n")


def test_times_that_are_text(fault):
    message = fault("months,status\n1,1\nlong,0\n3 months,0\n")
    assert message.startswith("'patients.csv': column 'months' (years): not a number of months") and message.endswith("in 2 rows (row 2, 3)")
    assert "long" not in message


@pytest.mark.parametrize("infinite", ["inf", "1e999", "1_000", "0x10", "1,000"])
def test_times_that_only_a_computer_would_call_numbers(fault, infinite):
    assert "row 1" in fault(f'months,status\n"{infinite}",1\n2,0\n')


def test_times_that_are_dates(fault):
    message = fault("months,status\n2016-05-31,1\n31.12.2017,0\n")
    assert "column 'months' (years): a date, where a number of months is wanted: give the time since diagnosis in 2 rows" in message


def test_times_that_are_negative_or_missing(fault):
    message = fault("months,status\n-1,1\n2,0\n,0\n")
    assert "column 'months' (years): missing in 1 row (row 3)" in message
    assert "column 'months' (years): negative in 1 row (row 1)" in message


def test_codes_that_are_in_no_table_are_counted_and_not_shown(fault):
    message = fault("months,status\n1,1\n2,2\n3,7\n4,8\n5,7\n", **COLUMNS, codes={"event": {"1": 0, "2": 1}})
    assert message == "'patients.csv': column 'status' (event): 2 codes that [codes.event] does not list (a code = \"\" is missing) in 3 rows (row 3, 4, 5)"


def test_a_mapped_number_that_is_text(fault):
    options = {**COLUMNS, "columns": {**COLUMNS["columns"], "age": "alder"}}
    assert "column 'alder' (age): not a number" in fault("months,status,alder\n1,1,sixty\n2,0,61\n", **options)


def test_every_problem_is_told_at_once(fault):
    options = {**COLUMNS, "columns": {**COLUMNS["columns"], "age": "alder"}, "codes": {"event": {"1": 1}}}
    message = fault("months,status,alder\nx,1,sixty\n2,0,61\n", **options)
    assert message.count("column '") == 3


def test_a_patient_who_stands_twice(fault):
    message = fault("patient_id,months,status\nA,12,0\nA,24,1\n")
    assert "column 'patient_id': stands twice" in message and "row 2" in message


def test_an_option_or_a_source_that_is_not_known(tmp_path):
    (tmp_path / "a.csv").write_text("years,event\n1,0\n")
    with pytest.raises(UsageError, match="there is no option 'delimeter' \\(nearest: 'delimiter'\\)"):
        read_cohort(tmp_path / "a.csv", time_unit="years", delimeter=";")
    with pytest.raises(UsageError, match="there is no source 'own-fiel' \\(nearest: 'own-file'\\)"):
        read_cohort(tmp_path / "a.csv", source="own-fiel")


def test_months_given_as_days_are_questioned(tmp_path):
    (tmp_path / "a.csv").write_text("years,event\n" + "60,0\n" * 5)
    with pytest.warns(UserWarning, match="is the unit of time right"):
        read_cohort(tmp_path / "a.csv", time_unit="days")
