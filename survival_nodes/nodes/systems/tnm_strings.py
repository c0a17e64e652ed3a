"""Fields that hold an N category as it is written: one entry a field, one parser for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..categories import ITC_OR_MICRO
from ..coding import System
from ..counts import read_counts
from ..editions import Setting
from ..pieces import Piece, unread
from ..site_specific import refined
from ..spelling import is_blank, raw_text, spell
from ..tnm import NCode, Unreadable, parse_n
from ..tnm_levels import piece_of_code

_MISSING_CODES = frozenset({"88", "99", "888", "999"})
_NAACCR = "https://apps.naaccr.org/data-dictionary/data-dictionary/version=25/data-item-view/item-number={}/"


@dataclass(frozen=True)
class TnmField:
    """How a field writes N: whether N may be missing, whether the field is pathological, whether it shows a y, or means one always."""

    bare: bool = False
    implied_p: bool = True
    shows_y: bool = False
    always_y: bool = False

    def __call__(self, name: str, value: object, context: Mapping[str, object], setting: Setting) -> tuple[Piece, ...]:
        """Read one value: the category, and the count of nodes where one is written into it."""
        spelled, raw, told = spell(value), raw_text(value), True if self.always_y else None
        if is_blank(spelled) or spelled.text in _MISSING_CODES:
            return (unread(name, raw, "MISSING"),)  # a field left empty tells of no treatment, not even one that always means y
        if spelled.fault:
            return (unread(name, raw, spelled.fault, neoadjuvant=told),)
        try:
            code = parse_n(spelled.text, bare=self.bare)
        except Unreadable as reason:
            return (unread(name, raw, str(reason), neoadjuvant=told),)
        if self.always_y:
            code = replace(code, prefix="".join(sorted({*code.prefix, "y"})))
        code, size_not_stated = _with_context(code, context)
        piece = piece_of_code(name, raw, code, setting, implied_p=self.implied_p, shows_y=self.shows_y)
        if size_not_stated and piece.tells:
            piece = replace(piece, possible=ITC_OR_MICRO, flags=piece.flags | {"CS_SSF4_009"})
        return piece, *_counted(name, code, setting)


def _with_context(code: NCode, context: Mapping[str, object]) -> tuple[NCode, bool]:
    """Add what stands in a neighbouring item: the suffix (NAACCR 1035), and what CS SSF4 and SSF5 make of N0; tell whether they leave its size open."""
    suffix = spell(context.get("suffix")).text.casefold().strip("()")
    code = replace(code, sn=code.sn or suffix == "sn", f=code.f or suffix == "f")
    found = refined(context)
    if not found or code.level != "0" or code.itc or code.letter or (found == "i-" and code.mol == "+"):
        return code, False
    if found.startswith("i"):
        return replace(code, itc="-" if found == "i-" else "+"), found == "i?"
    return replace(code, mol=code.mol or found[-1]), False


def _counted(name: str, code: NCode, setting: Setting) -> tuple[Piece, ...]:
    if code.n_examined is None or code.clinical:
        return ()
    piece = read_counts(name, code.n_positive, code.n_examined, setting)
    return (piece,) if piece else ()


_CODED = TnmField(bare=True)
_WRITTEN = TnmField(shows_y=True)

SYSTEMS = (
    System(
        "pathology_text", "The N category of a pathology report, as it was typed", "pN1mi(sn), ypN0 (i+), pN1a (2/14)", (3, 4, 5, 6, 7, 8),
        "https://www.uicc.org/what-we-do/sharing-knowledge/tnm", TnmField(implied_p=False, shows_y=True),
    ),
    System(
        "cap_pn", "pN of a synoptic report (College of American Pathologists), with deposit counts and size", "pN1mi: ..., pN0 (i+): ...", (6, 7, 8),
        "https://www.cap.org/protocols-and-guidelines/cancer-reporting-tools/cancer-protocol-templates", _WRITTEN,
    ),
    System(
        "gdc_path_n", "Genomic Data Commons, ajcc_pathologic_n", "N0 (i+), N1mi, N1bIII", (3, 4, 5, 6, 7, 8),
        "https://docs.gdc.cancer.gov/Data_Dictionary/viewer/#?view=table-definition-view&id=diagnosis", TnmField(),
    ),
    System(
        "cbio_path_n", "cBioPortal, PATH_N_STAGE", "N0 (I+), N1MI, in capitals", (3, 4, 5, 6, 7, 8),
        "https://docs.cbioportal.org/file-formats/", TnmField(),
    ),
    System(
        "naaccr_tnm_path_n", "NAACCR item 890, TNM Path N", "p0I+, p1MI; before 2016 0I+, 1MI", (6, 7), _NAACCR.format(890), _CODED, ("ssf4", "ssf5"),
    ),
    System(
        "ncdb_path_n", "National Cancer Database, TNM_PATH_N", "as NAACCR item 890, padded with blanks", (5, 6, 7, 8),
        "https://www.facs.org/quality-programs/cancer-programs/national-cancer-database/puf/", _CODED, ("ssf4", "ssf5"),
        edition_codes=(("99", 4),),  # "unknown, before the 5th"
    ),
    System(
        "naaccr_ajcc_path_n", "NAACCR item 1012, AJCC TNM Path N, with its suffix (1035)", "pN0(i+), pN1a(sn)", (8,),
        _NAACCR.format(1012), _WRITTEN, ("suffix",),
    ),
    System(
        "naaccr_ajcc_postther_path_n", "NAACCR item 1022, AJCC TNM Post-therapy Path N", "ypN0(i+), ypN1mi", (8,), _NAACCR.format(1022),
        TnmField(shows_y=True, always_y=True), ("suffix",),
    ),
    System(
        "zfkd_pn", "German cancer registry data (ZfKD, oBDS), pathological N", "0(i+)(sn), 1mi, without pN", (6, 7, 8),
        "https://www.basisdatensatz.de/", _CODED,
    ),
    System(
        "nkrs_pn", "Swiss national cancer registration (NKRS), pN", "0i+, 1mi, 1a(sn), without pN", (6, 7, 8), "https://fhir.ch/ig/ch-crl/", _CODED,
    ),
)
