"""The public face: the names promised, lazily loaded, typed and documented."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import survival_nodes as sn
from survival_nodes import columns

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS_AND_CLASSES = [name for name in sn.__all__ if name not in sn._ROOMS]
# The part of the contract that is built; positional fields in their order.
BY_POSITION = {
    "KaplanMeier": ("by",), "FollowUp": ("by",), "PersonYears": ("by",), "LogRank": ("by",), "RestrictedMean": ("by", "horizon_years"), "CoxModel": ("formula",), "ProportionalHazards": ("model",),
    "AalenJohansen": ("by",), "GrayTest": ("by", "cause"), "Bootstrap": ("estimator", "seed"), "FineGray": ("formula", "cause"), "AbsoluteRisk": ("formula",),
    "NetSurvival": ("by",), "Intervals": ("months",), "Standard": ("weights",),
    "ExpectedDeaths": ("life_table", "by"), "LifeExpectancy": ("life_table", "by"), "ExcessHazard": ("formula", "life_table"),
    "NonInferiority": ("by", "reference", "margin"), "Worse": ("by", "reference"),
}


@pytest.mark.parametrize("name", FUNCTIONS_AND_CLASSES)
def test_every_public_name_is_there_documented_and_annotated(name):
    public = getattr(sn, name)
    assert inspect.getdoc(public)
    targets = [public] if inspect.isfunction(public) else [member for _, member in inspect.getmembers(public, inspect.isfunction) if member.__qualname__.startswith(name)]
    for target in targets:
        if target.__name__.startswith("_") and target.__name__ != "__call__":
            continue
        assert "return" in target.__annotations__, f"{name}: {target.__name__} says not what it returns"


@pytest.mark.parametrize(("name", "leading"), BY_POSITION.items())
def test_fields_without_a_default_come_first_by_position_and_all_others_by_keyword(name, leading):
    parameters = list(inspect.signature(getattr(sn, name)).parameters.values())
    assert tuple(parameter.name for parameter in parameters[: len(leading)]) == leading
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters[len(leading):])


def test_options_do_not_change():
    with pytest.raises(AttributeError):
        sn.KaplanMeier().conf_type = "log"


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(AttributeError, match=r"no public name 'KaplanMayer' \(nearest: 'KaplanMeier'\)"):
        sn.KaplanMayer


def test_importing_loads_nothing_heavy():
    code = "import sys, survival_nodes, survival_nodes.cli; print(sorted({'pandas', 'numpy', 'scipy', 'lifelines', 'matplotlib'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "[]"


def test_the_data_dictionary_page_is_the_dictionary():
    assert (ROOT / "data" / "dictionary.md").read_text(encoding="utf-8") == columns.dictionary_page(), "run `make docs`"


@pytest.mark.parametrize("schema", columns.SCHEMAS, ids=lambda schema: schema.name)
def test_every_column_has_a_kind_and_a_sentence(schema):
    assert len(set(schema.names)) == len(schema.names)
    for column in schema.columns:
        assert column.kind in columns.KINDS
        assert column.sentence.endswith(".")
