"""Expected mortality by age, sex, calendar year and whatever else a life table tells apart."""

from .life_table import LifeTable

__all__ = ["LifeTable"]
