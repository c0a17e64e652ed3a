"""What holds for any stage group: any cell is accepted, spelling changes nothing, more disease is no earlier stage."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from survival_nodes.nodes import stage_group

STAGES = {"0", "I", "IA", "IB", "IIA", "IIB", "III", "IIIA", "IIIB", "IIIC", "IV", "unknown"}
CELL = st.one_of(
    st.none(), st.floats(), st.integers(), st.binary(), st.booleans(), st.lists(st.integers()), st.decimals(), st.text(max_size=20),
    st.text(alphabet="pcyTNM0123xabcdismil+-() ", max_size=8), st.just(Decimal("1e400")), st.just("1" * 10_000),
)


@given(CELL, CELL, CELL, st.sampled_from([5, 6, 7, 8, "UICC 7"]))
def test_cells_of_any_type_never_raise(t, n, m, edition):
    assert stage_group(t, n, m, edition) in STAGES


@given(st.sampled_from(["T0", "Tis", "T1c", "T2", "T3", "T4d", "TX"]), st.sampled_from(["N0", "N0(i+)", "N1mi", "N1a", "N2a", "N3b", "NX"]),
       st.sampled_from(["M0", "M0(i+)", "M1", "MX"]), st.sampled_from([6, 7, 8]))
def test_case_blanks_and_prefixes_change_nothing(t, n, m, edition):
    stage = stage_group(t, n, m, edition)
    assert stage_group(t.lower(), n.upper(), m.lower(), edition) == stage
    assert stage_group(f" p{t}", f"yp{n} ", " ".join(m), edition) == stage


@given(st.sampled_from(["T0", "T1a", "T1", "T2", "T3", "T4"]), st.sampled_from(["N0", "N1", "N2", "N3"]))
def test_more_disease_is_never_an_earlier_stage(t, n):
    order = ["0", "I", "IA", "IB", "IIA", "IIB", "IIIA", "IIIB", "IIIC", "IV"]
    for edition in (5, 6, 7, 8):
        here, worse = stage_group(t, n, "M0", edition), stage_group(f"T{min(int(t[1]) + 1, 4)}", f"N{min(int(n[1]) + 1, 3)}", "M0", edition)
        if "unknown" not in (here, worse):
            assert order.index(here) <= order.index(worse) < order.index(stage_group(t, n, "M1", edition))
