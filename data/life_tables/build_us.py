"""Build us.csv.gz: deaths per person-year in the United States by sex, single year of age and calendar year, 1940 to 2020.

The rates are those of the National Center for Health Statistics (decennial and annual life tables), as the ratetable survexp.us
holds them; the Python package `survival` 2.0.0 (MIT) carries it as `survexp_us()`, rates per day by age 0 to 109, sex and year.

    python -m pip install survival==2.0.0
    python data/life_tables/build_us.py
"""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from survival import survexp_us

DAYS_PER_YEAR = 365.25


def rows() -> list[str]:
    """Give the lines of the table: women first, then by year and age."""
    table = survexp_us()
    ages, sexes, years = table.dimnames
    rates = np.array(table.rates).reshape((len(ages), len(sexes), len(years)), order="F") * DAYS_PER_YEAR
    return [
        f"{sex},{year},{age},{float(rate)!r}"
        for sex in sorted(sexes) for year, of_year in zip(years, rates[:, sexes.index(sex)].T, strict=True) for age, rate in zip(ages, of_year, strict=True)]


if __name__ == "__main__":
    text = "\n".join(["sex,year,age,rate", *rows()]) + "\n"
    # No name and no time in the header, so that the same rates give the same bytes.
    (Path(__file__).parent / "us.csv.gz").write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
