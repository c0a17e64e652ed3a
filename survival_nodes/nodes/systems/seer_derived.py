"""N as SEER derives it: the labels of the 6th and 7th edition and their storage codes, the folded 6th edition, and the 8th."""

from __future__ import annotations

from ..categories import ITC_OR_MICRO, MICRO_OR_MACRO
from ..code_table import WITH_BASIS, CodeTable, Entry, clinical, itc, macro, micro, no_cells, no_metastasis, nothing, positive
from ..coding import System

# Derived N1a, N1c, N2a and N3a also come of codes which do not state the size; plain N1 comes of clinical codes only.
LABELS = {
    "N0": no_metastasis("N0", needs_basis=True),
    "N0(i-)": no_cells("N0(i-)"),
    "N0(i+)": itc("N0(i+)"),
    "N0(mol-)": no_metastasis("N0(mol-)", microscopic=True),
    "N0(mol+)": no_metastasis("N0(mol+)", "MOLECULAR_POSITIVE", "ITC_NOT_EXCLUDED", microscopic=True),
    "N1": clinical("N1"),
    "N1a": positive("N1a", "SIZE_MIXED"),
    "N1b": positive("N1b", "IMN", "SIZE_NOT_STATED", default=None),
    "N1c": positive("N1c", "IMN", "SIZE_MIXED"),
    "N1mi": micro("N1mi"),
    "N1NOS": positive("N1 NOS", "SIZE_NOT_STATED"),
    "N2": macro("N2"),
    "N2a": positive("N2a", "SIZE_MIXED"),
    "N2b": macro("N2b", "IMN"),
    "N2c": nothing("N2c", "INVALID_FOR_BREAST"),
    "N2NOS": macro("N2 NOS"),
    "N3": macro("N3"),
    "N3a": positive("N3a", "SIZE_MIXED"),
    "N3b": macro("N3b", "IMN"),
    "N3c": macro("N3c"),
    "N3NOS": macro("N3 NOS"),
    "N4": nothing("N4", "INVALID_FOR_BREAST"),
    "NA": nothing("N not applicable", "MISSING", basis="p"),
    "NX": nothing("NX"),
}
AJCC6 = {
    "00": "N0", "01": "N0(i-)", "02": "N0(i+)", "03": "N0(mol-)", "04": "N0(mol+)",
    "10": "N1", "11": "N1a", "12": "N1b", "13": "N1c", "18": "N1mi", "19": "N1NOS",
    "20": "N2", "21": "N2a", "22": "N2b", "23": "N2c", "29": "N2NOS",
    "30": "N3", "31": "N3a", "32": "N3b", "33": "N3c", "39": "N3NOS",
    "88": "NA", "99": "NX",
}
AJCC7 = {
    "000": "N0", "010": "N0(i-)", "020": "N0(i+)", "030": "N0(mol-)", "040": "N0(mol+)",
    "100": "N1", "110": "N1a", "120": "N1b", "130": "N1c", "180": "N1mi", "199": "N1NOS",
    "200": "N2", "210": "N2a", "220": "N2b", "230": "N2c", "299": "N2NOS",
    "300": "N3", "310": "N3a", "320": "N3b", "330": "N3c", "399": "N3NOS", "400": "N4",
    "888": "NA", "999": "NX",
}
# Sub-categories are folded in, micrometastases into N1 (and before 2004 the isolated tumour cells that nobody told apart).
ADJUSTED6 = {
    "00": no_metastasis("N0", "FOLDED", "ITC_NOT_EXCLUDED", needs_basis=True),
    "10": positive("N1", "FOLDED", default=None, possible=ITC_OR_MICRO | MICRO_OR_MACRO),
    "20": positive("N2", "FOLDED", "SIZE_MIXED"),
    "30": positive("N3", "FOLDED", "SIZE_MIXED", "DISTANT_NODE"),
    "88": nothing("N not applicable", "MISSING"),
    "99": LABELS["NX"],
}
# From 2018 on there is no descriptor: N1, N2 and N3 may be clinical. N1a, N1b and N1c are not.
EOD_LABELS = {
    **{name: LABELS[name] for name in ("N0", "N0(i-)", "N0(i+)", "N0(mol-)", "N0(mol+)", "N1a", "N1b", "N1c", "N1mi", "N2c", "NX")},
    "N0(c)": clinical("N0(c)", positive=False),
    "N0(p)": no_metastasis("N0(p)", basis="p"),
    "N1": positive("N1", "SIZE_NOT_STATED", needs_basis=True),
    "N2": positive("N2", "SIZE_NOT_STATED", needs_basis=True),
    "N2a": positive("N2a", "SIZE_MIXED", needs_basis=True),
    "N2b": positive("N2b", "IMN", "SIZE_NOT_STATED", needs_basis=True),
    "N3": positive("N3", "SIZE_NOT_STATED", needs_basis=True),
    "N3a": positive("N3a", "SIZE_MIXED", needs_basis=True),
    "N3b": positive("N3b", "IMN", "SIZE_NOT_STATED", needs_basis=True),
    "N3c": positive("N3c", "SIZE_NOT_STATED", needs_basis=True),
    "88": nothing("N not applicable", "MISSING"),
}
_CALLED = "SEER derived"
_ITEM = "https://apps.naaccr.org/data-dictionary/data-dictionary/version=25/data-item-view/item-number={}/"


def _stored(codes: dict[str, str], edition: int) -> CodeTable:
    """Make a table of storage codes, each of which may also stand as its label."""
    entries: dict[str, Entry] = {code: LABELS[label] for code, label in codes.items()}
    return CodeTable(_CALLED, len(next(iter(codes))), entries, (edition, edition), {label: code for code, label in codes.items()}, staged=True)


SYSTEMS = (
    System(
        "seer_ajcc6_n", "SEER, derived AJCC N of the 6th edition, 2004 to 2015 (NAACCR item 2960), with its descriptor (2970)",
        "a label as N0(i+), or two digits as 02", (6,), _ITEM.format(2960), _stored(AJCC6, 6), WITH_BASIS,
    ),
    System(
        "seer_ajcc7_n", "SEER, derived AJCC N of the 7th edition, 2010 to 2015 (NAACCR item 3410), with its descriptor (3412)",
        "a label as N0(i+), or three digits as 020", (7,), _ITEM.format(3410), _stored(AJCC7, 7), WITH_BASIS,
    ),
    System(
        "seer_adjusted6_n", "SEER, breast, adjusted AJCC N of the 6th edition, 1988 to 2015: sub-categories folded into N0 to N3",
        "N0, N1, N2, N3, NX, or two digits as 10", (6,), "https://seer.cancer.gov/seerstat/variables/seer/ajcc-stage/",
        CodeTable("SEER adjusted", 2, ADJUSTED6, (6, 6), {"N0": "00", "N1": "10", "N2": "20", "N3": "30", "NA": "88", "NX": "99"}, staged=True), WITH_BASIS,
    ),
    System(
        "seer_eod2018_derived_n", "SEER, N derived from extent of disease, from 2018 on (NAACCR item 815)", "a label as N0(i+), N1mi", (8,), _ITEM.format(815),
        CodeTable(_CALLED, 2, EOD_LABELS, (8, 9), {label: label for label in EOD_LABELS}, staged=True), WITH_BASIS,
    ),
)
