"""What is no life table is refused in one line: what came, what was wanted, the way out."""

from __future__ import annotations

import gzip
import io
import re

import numpy as np
import pandas as pd
import pytest

from survival_nodes.errors import InputError, UsageError
from survival_nodes.life_tables import LifeTable

AGES, YEARS = (0, 20, 40, 60, 80, 100), (1999, 2000)


def rows() -> pd.DataFrame:
    cells = pd.MultiIndex.from_product([("female", "male"), YEARS, AGES], names=["sex", "year", "age"]).to_frame(index=False)
    return cells.assign(rate=np.exp(-10.5 + 0.09 * cells["age"]) + 0.0003)


def written(tmp_path, content: pd.DataFrame | str | bytes, name: str = "table.csv"):
    path = tmp_path / name
    text = content.to_csv(index=False) if isinstance(content, pd.DataFrame) else content
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def said(tmp_path, content: pd.DataFrame | str | bytes, error: type[Exception] = InputError, name: str = "table.csv", **options) -> str:
    with pytest.raises(error) as told:
        LifeTable.read(written(tmp_path, content, name), **options)
    assert "\n" not in str(told.value) and str(tmp_path) not in str(told.value)
    return str(told.value)


def test_the_table_itself_is_one(tmp_path):
    assert LifeTable.read(written(tmp_path, rows())).rates.shape == (2, 2, 6)


def _zip() -> bytes:
    import zipfile

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("table.csv", rows().to_csv(index=False))
    return made.getvalue()


@pytest.mark.parametrize(("content", "words"), [
    (b"", "'table.csv' is empty: columns sex, year, age and rate are wanted"),
    (b" \n\n", "'table.csv' is empty: columns sex, year, age and rate are wanted"),
    (b"\x00\x01\x02\xff" * 40, "'table.csv' is not text: save the life table as CSV (UTF-8)"),
    (_zip(), "'table.csv' is not text: save the life table as CSV (UTF-8)"),
    (rows().to_csv(index=False).encode("utf-16"), "'table.csv' is not text: save the life table as CSV (UTF-8)"),
    (gzip.compress(rows().to_csv(index=False).encode())[:-30], "'table.csv' is gzipped, but cut short or damaged: fetch or pack it again"),
    (gzip.compress(b"sex,year" * 99)[:20] + b"\xff" * 20, "'table.csv' is gzipped, but cut short or damaged: fetch or pack it again"),
    (b"sex,year,age,rate\n", "'table.csv' holds no rows below its header: columns sex, year, age and rate are wanted"),
    (b"once upon a time\nthere was", "'table.csv' is no life table: columns sex, year, age and rate are wanted; its first line holds: once upon a time"),
    (b"sex,year,rate\nfemale,1999,0.1", "'table.csv' is no life table: columns sex, year, age and rate are wanted; its first line holds: sex, year, rate"),
    (b"sex,year,age,deaths\nfemale,1999,1,0.1", "'table.csv' is no life table: columns sex, year, age and rate are wanted; there are: sex, year, age, deaths"),
    (b"year,age,rate\n1999,1,0.1", "'table.csv' does not say whose rates it holds: columns sex, year, age and rate are wanted; there are: year, age, rate "
     "(a life table of one sex may be named fltper_1x1.txt or mltper_1x1.txt)"),
    (b"sex,year,age,rate,rate\nfemale,1999,1,0.1,0.1", "'table.csv' has the column 'rate' 2 times: give every column a name of its own"),
    (b"sex,year,age,rate\nfemale,1999,1,0.1\nfemale,1999,2,0.1,9,9",
     "'table.csv': rows do not fit the header of 4 columns: each wants a value for every column"),
    (b"sex,year,age,rate\nfemale,1999,1", "'table.csv': rows have 3 values where the header names 4 columns"),
    (b"Norway, Cohort death rates\n\nYear Age Female Male Total\n1900 0 .1 .1 .1", "'table.csv' gives rates by year of birth ('cohort' in its title): "
     "take the table by calendar year (period)"),
], ids=[
    "empty", "blank", "binary", "zip", "utf-16", "cut gzip", "damaged gzip", "no rows", "no columns", "no age", "no rate", "no sex", "twice", "ragged", "short",
    "cohort"])
def test_files_that_hold_no_life_table(tmp_path, content, words):
    assert said(tmp_path, content) == words


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    with pytest.raises(UsageError, match=r"^there is no file 'none.csv' in the folder '.*': check the name and the folder$"):
        LifeTable.read(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"is a folder: name the life table in it$"):
        LifeTable.read(tmp_path)


def _changed(column: str, value: object, where: int = 3) -> pd.DataFrame:
    frame = rows().astype({column: object})
    frame.loc[where, column] = value
    return frame


@pytest.mark.parametrize(("content", "words"), [
    (_changed("rate", "-0.1"), "'table.csv': the rate is negative in 1 row (the first is row 4)"),
    (_changed("rate", "inf"), "'table.csv': the rate is not a finite number in 1 row (the first is row 4)"),
    (_changed("rate", "low"), "'table.csv': the rate is not a finite number in 1 row (the first is row 4)"),
    (_changed("rate", ""), "'table.csv': 1 cell without a rate, or with a certain death, below age 90: give each a rate"),
    (_changed("age", "old"), "'table.csv': age is not a whole number of completed years in 1 row (the first is row 4)"),
    (_changed("age", 60.5), "'table.csv': age is not a whole number of completed years in 1 row (the first is row 4)"),
    (_changed("year", "MCM"), "'table.csv': year is not a whole number of calendar years in 1 row (the first is row 4)"),
    (rows().drop(index=[3, 20]), "'table.csv': 2 of 24 combinations of sex, year, age are missing (the first is female, year 1999, age 60): "
     "every age wants a rate in every year"),
    (pd.concat([rows(), rows().iloc[[15, 3]]]),
     "'table.csv': 2 of 24 combinations of sex, year, age stand more than once (the first is female, year 1999, age 60): "
     "give what tells them apart (race, region) a column, or leave rows out"),
    (pd.concat([rows().assign(region="N"), rows().assign(region="S").iloc[5:]]), "'table.csv': 5 of 48 combinations of sex, region, year, age are missing "
     "(the first is female, S, year 1999, age 0): every age wants a rate in every year"),
    (rows().assign(age=rows()["age"] * 365), "'table.csv': ages run to 36500: days, perhaps; completed years are wanted"),
    (rows().rename(columns={"age": "year", "year": "age"}), "'table.csv': age runs from 1999 to 2000 and year from 0 to 100: the two columns are swapped"),
    (rows().assign(year=rows()["year"] - 1999), "'table.csv': year runs from 0 to 1: calendar years are wanted"),
    (rows().assign(age=rows()["age"] - 1), "'table.csv': age begins at -1: completed years from 0 are wanted"),
    (_changed("sex", "unknown"), "'table.csv': sex holds 'unknown': write female and male, or 1 male and 2 female (or 0 male and 1 female)"),
    (rows().assign(sex="1").iloc[:12], "'table.csv': sex holds only 1, which is male in some files and female in others: write female or male"),
    (rows().assign(sex="Total").iloc[:12], "'table.csv' holds rates of both sexes together only: rates of women, of men or of each are wanted"),
], ids=[
    "negative", "infinite", "a word", "nothing", "age a word", "half an age", "year a word", "missing", "twice", "missing in a region", "age in days",
    "swapped", "no calendar year", "below 0", "a word for sex", "sex 1", "both"])
def test_cells_that_make_no_life_table(tmp_path, content, words):
    assert said(tmp_path, content) == words


@pytest.mark.parametrize(("content", "words"), [
    (rows().assign(rate=rows()["rate"] / 365.25),
     "the column 'rate', read as rates per year, gives 0.00010 deaths a person-year at age 80: rates per day, perhaps; "
     "say quantity='rate-per-day'"),
    (rows().rename(columns={"rate": "Freq"}), "the column 'freq', read as rates per day, gives 14 deaths a person-year at age 80: rates per year, perhaps; "
     "say quantity='rate-per-year'"),
    (rows().assign(rate=rows()["rate"] * 1e5), "the column 'rate', read as rates per year, gives 3718 deaths a person-year at age 80: "
     "rates per 1,000 or 100,000, perhaps; divide them"),
    (rows().assign(rate=np.exp(-rows()["rate"])), "the column 'rate', read as rates per year, would have most people between 5 and 50 dead in a year or two: "
     "say quantity='survival-probability', if that is what it holds"),
    (rows().assign(qx=np.exp(-rows()["rate"])).drop(columns="rate"), "the column 'qx', read as probabilities of death, would have most people between 5 and 50 "
     "dead in a year or two: say quantity='survival-probability', if that is what it holds"),
    (rows().assign(prob=-np.expm1(-rows()["rate"])).drop(columns="rate"),
     "the column 'prob', read as probabilities of survival, would have most people between "
     "5 and 50 dead in a year or two: say quantity='death-probability', if that is what it holds"),
    (rows().assign(rate=np.where(rows()["age"] == 100, 1, rows()["rate"])), "the column 'rate', read as rates per year, is 1 at the last age throughout: "
     "probabilities of death, perhaps; say quantity='death-probability' (or 'rate-per-year')"),
], ids=["per day", "per year", "per 100,000", "survival", "survival as death", "death as survival", "probabilities"])
def test_rates_that_cannot_be_what_their_column_says(tmp_path, content, words):
    message = said(tmp_path, content)
    assert message == f"'table.csv': {words}"
    way_out = re.search(r"quantity='([a-z-]+)'", message)
    if way_out and "probabilities of death, perhaps" not in words:
        # The way out leads out.
        table = LifeTable.read(written(tmp_path, content), quantity=way_out[1])
        np.testing.assert_allclose(table.rates.ravel(), rows()["rate"], rtol=1e-9)


def test_a_quantity_that_is_stated_is_not_questioned(tmp_path):
    """A made-up population that hardly dies."""
    table = LifeTable.read(written(tmp_path, rows().assign(rate=0.001)), quantity="rate-per-year")
    assert (table.rates == 0.001).all()
    assert (LifeTable.read(written(tmp_path, rows().assign(rate=0))).rates == 0).all()


def test_a_probability_above_1_is_none(tmp_path):
    content = rows().rename(columns={"rate": "qx"}).assign(qx=rows()["rate"] * 10)
    assert said(tmp_path, content) == (
        "'table.csv': a death probability exceeds 1 in 4 rows (the first is row 6); say quantity='rate-per-year' if these are rates")


@pytest.mark.parametrize(("options", "words"), [
    ({"quantity": "rate-per-dya"}, r"there is no quantity of a life table 'rate-per-dya' (nearest: 'rate-per-day'); there are: rate-per-year, "),
    ({"quantity": 1}, "there is no quantity of a life table '1'; there are: rate-per-year, "),
    ({"year_advances": "easter"}, "year_advances is one of birthday, calendar, not 'easter'"),
    ({"beyond": "guess"}, "beyond is one of hold, refuse, not 'guess'"),
    ({"days_per_year": 12}, "days_per_year is about 365.25, not 12"),
    ({"days_per_year": "365"}, "days_per_year is about 365.25, not '365'"),
])
def test_options_that_there_are_not(tmp_path, options, words):
    assert said(tmp_path, rows(), UsageError, **options).startswith(words)


def test_a_bundled_table_that_there_is_not():
    with pytest.raises(UsageError, match=r"^there is no bundled life table 'uk' \(nearest: 'us'\); there are: us; read one of your own with LifeTable.read$"):
        LifeTable.bundled("uk")


def test_a_table_made_of_arrays_is_checked_too():
    with pytest.raises(UsageError, match=r"rates have the shape \(1, 2, 2\), where dimensions, years and ages make \(2, 2, 2\)"):
        LifeTable(np.zeros((1, 2, 2)), [2000, 2001], [0, 1], {"sex": ("female", "male")})
    with pytest.raises(UsageError, match="years and ages of a life table ascend"):
        LifeTable(np.zeros((1, 2, 2)), [2001, 2000], [0, 1], {"sex": ("female",)})
    with pytest.raises(UsageError, match="rates of a life table are finite and not negative"):
        LifeTable(np.array([[[0.1, np.nan]]]), [2000], [0, 1], {"sex": ("female",)})


def test_rates_of_a_table_do_not_change():
    given = np.full((1, 1, 1), 0.1)
    table = LifeTable(given, [2000], [0], {"sex": ("female",)})
    given[:] = 9
    assert table.rates.item() == 0.1
    with pytest.raises(ValueError, match="read-only"):
        table.rates[:] = 9


def test_whose_rate_is_wanted_is_asked():
    table = LifeTable.bundled("us")
    for labels, words in (
        ({}, "whose rate? Say sex= one of female, male"), ({"sex": "woman"}, "there is no sex 'woman'"), ({"race": "x"}, "dimension of the life table 'race'")):
        with pytest.raises(UsageError, match=re.escape(words)):
            table.rate(2000, 50, **labels)


def test_strata_count_the_rows_that_have_none():
    table = LifeTable(np.zeros((1, 1, 1)), [2000], [0], {"sex": ("female",)}, name="women")
    with pytest.raises(InputError) as told:
        table.strata({"sex": pd.Series(["female", "male", "male", None])})
    assert str(told.value) == (
        "the life table women knows the sex female, and 2 rows have another sex and 1 row has no sex: recode sex, or leave those rows out by a rule")
    with pytest.raises(InputError, match=r"^the life table women tells sex apart \(female\), and there is no column 'sex'; there are: none$"):
        table.strata({})
