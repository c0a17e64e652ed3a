"""Life tables are read as registries, packages and databases write them."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pandas as pd
import pytest

from survival_nodes.errors import DataWarning
from survival_nodes.life_tables import LifeTable

AGES, YEARS = (0, 1, 40, 80, 110), (1999, 2000)


def rate(sex: str, year: int, age: int) -> float:
    """A population that dies about as people do: 1% a year at 63, women less, later years less."""
    return round(math.exp(-10.5 + 0.09 * age) * {"female": 1.0, "male": 1.4}[sex] * {1999: 1.0, 2000: 0.97}[year] + 0.0003, 8)


def rows() -> pd.DataFrame:
    cells = [(sex, year, age) for sex in ("female", "male") for year in YEARS for age in AGES]
    return pd.DataFrame([{"sex": sex, "year": year, "age": age, "rate": rate(sex, year, age)} for sex, year, age in cells])


def is_that_table(table: LifeTable, rtol: float = 1e-12) -> None:
    wanted = [[[rate(sex, year, age) for age in AGES] for year in YEARS] for sex in ("female", "male")]
    assert dict(table.dimensions) == {"sex": ("female", "male")}
    assert table.years.tolist() == list(YEARS) and table.ages.tolist() == list(AGES)
    np.testing.assert_allclose(table.rates, wanted, rtol=rtol, atol=0)


def written(tmp_path, text: str | bytes, name: str = "table.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("order", [["sex", "year", "age", "rate"], ["rate", "age", "sex", "year"]], ids="-".join)
def test_columns_may_stand_in_any_order(tmp_path, order):
    is_that_table(LifeTable.read(written(tmp_path, rows()[order].to_csv(index=False))), rtol=0)


def _excel(text: str) -> bytes:
    return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()


def _quoted(text: str) -> str:
    return "\n".join(",".join(f'"{field}"' for field in line.split(",")) for line in text.splitlines())


@pytest.mark.parametrize("dressed", [
    _excel, _quoted, lambda text: gzip.compress(text.encode()), lambda text: text.replace("\n", "\r"), lambda text: text.replace(",", ", "),
    lambda text: text.replace(",", "\t"), lambda text: text.replace(",", ";"), lambda text: text.replace(",", ";").replace(".", ","),
    lambda text: text.replace(",", " "), lambda text: text.upper(), lambda text: "Deaths per person-year\nsource: a bureau, 2001\n\n" + text,
    lambda text: text.replace("\n", ",\n").replace("rate,", "rate"), lambda text: text + "\n\n",
], ids=[
    "mark and CRLF", "quoted", "gzip", "CR", "blanks", "tabs", "semicolons", "decimal commas", "blanks alone", "capitals", "a title", "a comma too many",
    "blank lines"])
def test_text_may_be_dressed_in_many_ways(tmp_path, dressed):
    is_that_table(LifeTable.read(written(tmp_path, dressed(rows().to_csv(index=False)))))


@pytest.mark.parametrize(("women", "men"), [("2", "1"), ("F", "M"), ("Female", "Male"), ("women", "men"), ("2.0", "1.0")])
def test_sex_is_read_in_its_usual_words_and_codes(tmp_path, women, men):
    is_that_table(LifeTable.read(written(tmp_path, rows().replace({"sex": {"female": women, "male": men}}).to_csv(index=False))))


def test_rates_of_both_sexes_together_are_left_out(tmp_path):
    both = rows().query("sex == 'female'").assign(sex="Total")
    is_that_table(LifeTable.read(written(tmp_path, pd.concat([both, rows()]).to_csv(index=False))))


def test_a_population_mortality_file_of_popepi(tmp_path):
    popmort = rows().assign(sex=rows()["sex"].map({"male": 0, "female": 1})).rename(columns={"age": "agegroup", "rate": "haz"})
    is_that_table(LifeTable.read(written(tmp_path, popmort[["sex", "year", "agegroup", "haz"]].to_csv(index=False))))


@pytest.mark.parametrize("columns", [["sex", "_year", "_age", "prob"], ["prob", "rate", "sex", "_age", "_year"]], ids=["prob", "prob and rate"])
def test_a_population_mortality_file_of_strs(tmp_path, columns):
    popmort = rows().assign(sex=rows()["sex"].map({"male": 1, "female": 2}), prob=np.exp(-rows()["rate"]))
    text = popmort.rename(columns={"age": "_age", "year": "_year"})[columns].to_csv(index=False)
    is_that_table(LifeTable.read(written(tmp_path, text)), rtol=1e-12)


@pytest.mark.parametrize("days", [365.25, 365.241])
def test_a_ratetable_of_r_holds_rates_per_day(tmp_path, days):
    """As write.csv writes as.data.frame(as.table(x)): rows are numbered, every text is quoted."""
    lines = ['"","age","sex","year","Freq"']
    lines += [f'"{n}","{row.age}","{row.sex}","{row.year}",{row.rate / days!r}' for n, row in enumerate(rows().itertuples(), 1)]
    is_that_table(LifeTable.read(written(tmp_path, "\n".join(lines)), days), rtol=1e-14)


def test_a_ratetable_of_r_without_names(tmp_path):
    """As write.table writes it where the dimensions have no names: the header is one field shorter than the rows."""
    lines = ['"Var1" "Var2" "Var3" "Freq"']
    lines += [f'"{n}" "{row.age}" "{row.year}" "{row.sex}" {row.rate / 365.25!r}' for n, row in enumerate(rows().itertuples(), 1)]
    is_that_table(LifeTable.read(written(tmp_path, "\n".join(lines), "ratetable.txt")), rtol=1e-14)


DEATH_RATES = """Norway, Death rates (period 1x1), \tLast modified: 12 Nov 2020;  Methods Protocol: v6 (2017)

  Year          Age             Female            Male           Total
  1999           0             0.003427        0.004421        0.003938
  1999           1             0.000311        0.000407        0.000360
  1999         109             0.712345               .        0.751234
  1999         110+                   .               .               .
  2000           0             0.003212        0.004355        0.003798
  2000           1             0.000287        0.000391        0.000340
  2000         109             0.700001        0.800002        0.722222
  2000         110+            1.020304               .        1.020304
"""


def test_death_rates_of_the_human_mortality_database(tmp_path):
    a_man_at_109 = DEATH_RATES.replace("0.712345               .", "0.712345        0.900000")
    path = written(tmp_path, a_man_at_109, "Mx_1x1.txt")
    table = LifeTable.read(path)
    assert repr(table) == "LifeTable Mx_1x1: sex (2), years 1999 to 2000, ages 0 to 110 (4 given, each holds until the next) and over"
    assert table.rate(1999, 0, sex="female") == 0.003427 and table.rate(2000, 109, sex="male") == 0.800002
    # Where the oldest have no rate, that of the age before holds.
    assert table.rate(1999, 110, sex="female") == 0.712345 and table.rate(2000, 115, sex="male") == 0.800002
    assert table.rate(2000, 110, sex="female") == 1.020304


def test_a_rate_that_is_not_given_takes_the_one_before_it_from_90_on_only(tmp_path):
    path = written(tmp_path, DEATH_RATES.replace(" 109 ", "  91 ").replace("110+", "92+ "), "Mx_1x1.txt")
    assert LifeTable.read(path).rate(1999, 91, sex="male") == 0.000407


LIFE_TABLE = """Norway, Life tables (period 1x1), {whose}\tLast modified: 12 Nov 2020;  Methods Protocol: v6 (2017)

  Year          Age         mx       qx    ax      lx      dx      Lx       Tx     ex
  1999            0    0.00343  0.00342  0.14  100000     342   99705  8110530  81.11
  1999            1    0.00031  0.00031  0.50   99658      31   99643  8010825  80.38
  1999          110+   0.81121  1.00000  1.23       4       4       5        5   1.23
"""


@pytest.mark.parametrize(("whose", "name", "sex"), [
    ("Females", "a.txt", "female"), ("Males", "a.txt", "male"), ("", "fltper_1x1.txt", "female"), ("", "mltper_1x1.txt", "male")])
def test_a_life_table_of_the_human_mortality_database_says_whose_it_is(tmp_path, whose, name, sex):
    table = LifeTable.read(written(tmp_path, LIFE_TABLE.format(whose=whose), name))
    assert dict(table.dimensions) == {"sex": (sex,)} and table.open_ended
    assert table.rates.tolist() == [[[0.00343, 0.00031, 0.81121]]]


def test_probabilities_of_death_become_rates(tmp_path):
    """A constant hazard h kills 1 - exp(-h) of the people in a year, so h = -log(1 - q); a certain death closes the table and has no rate."""
    text = LIFE_TABLE.replace("mx       qx", "  nmx       qx").replace("0.00343", "0.00999").replace("     110+", "     100 ").format(whose="Females")
    table = LifeTable.read(written(tmp_path, text))
    np.testing.assert_allclose(table.rates, [[[-math.log1p(-0.00342), -math.log1p(-0.00031), -math.log1p(-0.00031)]]], rtol=1e-14)
    stated = LifeTable.read(written(tmp_path, rows().assign(rate=-np.expm1(-rows()["rate"])).to_csv(index=False)), quantity="death-probability")
    is_that_table(stated, rtol=1e-9)


def test_what_the_rates_are_can_be_stated(tmp_path):
    table = LifeTable.read(written(tmp_path, rows().assign(rate=rows()["rate"] / 365.25).to_csv(index=False)), quantity="rate-per-day")
    is_that_table(table)
    survival = rows().assign(qx=np.exp(-rows()["rate"])).drop(columns="rate")
    is_that_table(LifeTable.read(written(tmp_path, survival.to_csv(index=False)), quantity="survival-probability"))


def test_ages_and_years_may_be_grouped(tmp_path):
    groups = {"<1": 0.004, "1-4": 0.0003, "5 to 84": 0.01, "85+": 0.16}
    text = "\n".join(["sex,year,age,rate", *(f"female,{year},{age},{value}" for year in ("1990-1994", "1995-1999") for age, value in groups.items())])
    table = LifeTable.read(written(tmp_path, text, "abridged.csv"))
    assert repr(table) == (
        "LifeTable abridged: sex (1), years 1990 to 1995 (2 given, each holds until the next), ages 0 to 85 (4 given, each holds until the next) and over")
    assert table.held == ("year", "age")
    assert [table.rate(1994, age, sex="female") for age in (0.9, 1, 4.99, 84, 99)] == [0.004, 0.0003, 0.0003, 0.01, 0.16]
    assert table.age_end == math.inf and table.year_end == (np.datetime64("2000-01-01") - np.datetime64("1970-01-01")).astype(int)


def test_strata_are_told_apart_by_whatever_columns_do_so(tmp_path):
    """The expectation of life differs among the rows too, but is no dimension; one source for all is none either."""
    parts = [rows().assign(rate=rows()["rate"] * factor, region=region, deprivation=level, source="bureau", ex=range(20))
             for (region, level), factor in {("North", 1): 1, ("North", 2): 2, ("South", 1): 3, ("South", 2): 4}.items()]
    table = LifeTable.read(written(tmp_path, pd.concat(parts).assign(ex=range(80)).sample(frac=1, random_state=3).to_csv(index=False)))
    assert dict(table.dimensions) == {"sex": ("female", "male"), "region": ("North", "South"), "deprivation": ("1", "2")}
    assert table.rate(2000, 40, sex="male", region="South", deprivation="1") == pytest.approx(3 * rate("male", 2000, 40), rel=1e-14)
    columns = {"sex": pd.Series(["male", "female"]), "region": pd.Series(["South", "North"]), "deprivation": pd.Series([2.0, 1.0])}
    assert table.strata(columns).tolist() == [7, 0]


def test_names_in_an_older_encoding_are_read(tmp_path):
    parts = [rows().assign(region=region) for region in ("Åland", "Öland")]
    table = LifeTable.read(written(tmp_path, pd.concat(parts).to_csv(index=False).encode("latin-1")))
    assert table.dimensions["region"] == ("Åland", "Öland")


def test_columns_of_women_and_men_are_set_below_each_other(tmp_path):
    wide = rows().pivot(index=["year", "age"], columns="sex", values="rate").reset_index().assign(total=0.5)
    is_that_table(LifeTable.read(written(tmp_path, wide.to_csv(index=False))))


def test_a_table_of_women_alone_is_a_table(tmp_path):
    assert dict(LifeTable.read(written(tmp_path, rows().query("sex == 'female'").to_csv(index=False))).dimensions) == {"sex": ("female",)}


def test_the_name_is_that_of_the_file_unless_one_is_given(tmp_path):
    path = written(tmp_path, rows().to_csv(index=False), "norway.csv")
    assert LifeTable.read(path).name == "norway" and LifeTable.read(path, name="Norway 1999").name == "Norway 1999"


def test_mortality_that_falls_with_age_is_questioned(tmp_path):
    upside_down = rows().assign(age=110 - rows()["age"])
    with pytest.warns(DataWarning, match="above age 40 mortality is lower ten years later in 4 of 4 places: are age and year in the right columns"):
        LifeTable.read(written(tmp_path, upside_down.to_csv(index=False)), quantity="rate-per-year")
