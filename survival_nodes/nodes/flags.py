"""What a reader should know of how a category came about: each flag, and its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FLAGS: Mapping[str, str] = MappingProxyType({
    # what could be read
    "MISSING": "Nothing is recorded, or the record says that nothing is known.",
    "UNPARSEABLE": "The entry, or a part of it, cannot be read in this coding system.",
    "UNKNOWN_CODE": "The code does not exist in this coding system.",
    "OBSOLETE_CODE": "The code was withdrawn from this coding system.",
    "INVALID_FOR_BREAST": "The category exists for other cancers only.",
    "NUMERIC_AMBIGUOUS": "The bare number has more than one reading.",
    "PERINEURAL_AMBIGUOUS": "Written as Pn, this is invasion of nerves and not a nodal category.",
    "OCR_REPAIRED": "A letter that stands for a digit (O for 0, l for 1) was read as the digit.",
    # what it rests on
    "PREFIX_MISSING": "The entry does not say whether it is clinical or pathological.",
    "CLINICAL_ONLY": "The evidence is clinical and says nothing of the size of a deposit.",
    "CLINICAL_PREFIX_MICROSCOPIC": "The prefix is clinical, yet the finding can only have been made under the microscope.",
    "BASIS_UNSPECIFIED": "The record does not show that a node was examined.",
    "POST_NEOADJUVANT": "The nodes were examined after systemic treatment.",
    "NEOADJ_UNKNOWN": "The record does not say whether systemic treatment came before surgery.",
    "RECURRENCE": "The category describes a recurrence.",
    "AUTOPSY": "The category was established at autopsy.",
    "SENTINEL_ONLY": "Sentinel nodes only: other nodes may hold larger deposits.",
    "FNA_ONLY": "Fine-needle aspiration or core biopsy only: the size of the deposit is a lower limit.",
    "NOT_EXAMINED": "No node was examined.",
    "EXAMINED_UNKNOWN": "The number of nodes examined is not recorded.",
    # the edition
    "EDITION_ASSUMED": "Neither edition nor year is recorded: read as the 6th edition or later.",
    "EDITION_CONFLICT": "The edition stated does not fit the year of diagnosis or the code itself.",
    "EDITION_PRE6": "The 5th edition or an older one: the same letters mean other deposits.",
    "MAY_INCLUDE_ITC": "Isolated tumour cells were not told apart from micrometastasis.",
    # what may hide in it
    "ITC_NOT_EXCLUDED": "No metastasis, but isolated tumour cells were not looked for or not reported.",
    "ITC_SIGN_MISSING": "Isolated tumour cells are mentioned without a plus or a minus.",
    "MOLECULAR_POSITIVE": "A molecular test was positive where histology was negative.",
    "CS_SSF4_009": "Positive by immunohistochemistry, size of the deposit not stated.",
    "OSNA": "Rests on one-step nucleic acid amplification, not on a measured deposit.",
    "OSNA_LOW_COPY": "Between 100 and 249 copies per microlitre: below the limit of a micrometastasis.",
    "SIZE_NOT_STATED": "Nodes are positive, but the size of the deposit is not stated.",
    "SIZE_MIXED": "The label also arises where the size of the deposit was not stated.",
    "SIZE_CENSORED": "The size is a limit or a range, not a measurement.",
    "BOUNDARY_VALUE": "The size lies exactly on a limit between two categories.",
    "CELLS_OVERRIDE_SIZE": "At most 0.2 mm, but more than 200 cells in one cross-section.",
    "IMN": "Internal mammary nodes are involved.",
    "DISTANT_NODE": "Nodes beyond the regional ones are involved.",
    "FOLDED": "The label folds several categories into one.",
    "COUNT_ONLY": "Only the number of positive nodes is known.",
    "MICRO_MULTI_NODE": "Micrometastasis with four or more positive nodes.",
    # contradictions
    "SIZE_CODE_CONFLICT": "Two pieces of evidence name different sizes.",
    "POSITIVITY_CONFLICT": "One piece of evidence says positive nodes, another says none.",
    "COUNT_CONFLICT": "A count of nodes does not fit the other evidence, which stands.",
    "STAGE_INFERRED": "Concluded from the stage group.",
})
