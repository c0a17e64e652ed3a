"""SNOMED CT codes of N categories: identifiers only, each beside the category as AJCC and UICC write it.

The identifiers belong to SNOMED CT, of SNOMED International, whose licence applies to whoever codes or exchanges data with them: it is free of
charge in member countries, elsewhere it is asked for at https://www.snomed.org/get-snomed. No description of SNOMED CT is reproduced. The
table serves one coding system only and may be left out with it.
"""

from __future__ import annotations

CATEGORY_OF_SNOMED = {
    "1229945006": "pNX", "1229947003": "pN0", "1229949000": "pN0(i+)", "1229950000": "pN0(mol+)", "1229948008": "pN0a", "1229951001": "pN1",
    "1229952008": "pN1mi", "1229953003": "pN1a(sn)", "1229954009": "pN1a", "1229955005": "pN1b", "1229956006": "pN1c", "1229957002": "pN2",
    "1229958007": "pN2mi", "1229959004": "pN2a", "1229960009": "pN2b", "1229961008": "pN2c", "1229962001": "pN3", "1229963006": "pN3a",
    "1229964000": "pN3b", "1229965004": "pN3c", "1229966003": "cNX", "1229967007": "cN0", "1229971005": "cN0(i+)", "1229973008": "cN1",
    "1229974002": "cN1mi", "1229978004": "cN2", "1229984001": "cN3", "1229877005": "ypNX", "1229878000": "ypN0", "1229884002": "ypN1",
    "1229885001": "ypN1mi", "1229887009": "ypN1a", "1229892006": "ypN2", "1229893001": "ypN2a", "1352605004": "pNX", "1352621009": "pN0",
    "1352624001": "pN0(i+)", "1352614009": "pN1", "1352620005": "pN1mi", "1352619004": "pN1a", "1352615005": "pN1a(sn)", "1352616006": "pN1b",
    "1352617002": "pN1c", "1352610000": "pN2", "1352608002": "pN2a", "1352612008": "pN2b", "1352622002": "pN3", "1352618007": "pN3a",
    "1352623007": "pN3b", "1352606003": "pN3c", "1352797005": "ypN0", "1352798000": "ypN0(i+)", "1352796001": "ypN1mi", "1352795002": "ypN1a",
    "1352805002": "ypN2a", "1352804003": "ypN3a",
}
