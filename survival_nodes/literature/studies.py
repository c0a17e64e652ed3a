"""The studies of the registry of published rates: short name, how they are cited in a table, where, and their source."""

from __future__ import annotations

from typing import NamedTuple

from .spellings import mapped_once


class SourceStudy(NamedTuple):
    """One study: part of its rate_ids, its short citation, the country, and where the figure was read if it has neither DOI nor PMID."""

    slug: str
    name: str
    country: str
    address: str = ""


_SEER, _US, _NCDB = "USA (SEER)", "USA", "USA (NCDB)"
_CANADA, _SWEDEN = "USA, Canada", "Sweden"
_TRIAL_COUNTRIES = "Sweden, Denmark, Germany, Greece, Italy"
STUDIES = mapped_once((
    ("ARTICLE_VERYWELL",
     SourceStudy("article-claim", "Verywell Health (the claim under test)", _SEER, "Scott J, Stephan P. Micrometastases in Breast Cancer. Verywell Health")),
    ("SEER_2013_2019", SourceStudy("seer-2013-2019", "SEER Stat Facts 2013-2019", _SEER, "cancer.gov/types/breast/survival")),
    ("SEER_2015_2021", SourceStudy("seer-2015-2021", "SEER Stat Facts 2015-2021", _SEER, "SEER Cancer Stat Facts: Female Breast Cancer (transcription)")),
    ("SEER_2014_2020", SourceStudy("seer-2014-2020", "SEER Stat Facts 2014-2020", _SEER, "NCI PDQ, Breast Cancer Treatment, health professional version")),
    ("SEER_2011_2017", SourceStudy("seer-2011-2017", "SEER Stat Facts 2011-2017", _SEER, "roswellpark.org/cancer/breast/survival-rates")),
    ("CDC_USCS_2012_2018", SourceStudy("cdc-2012-2018", "CDC US Cancer Statistics 2012-2018", "USA (NPCR, 42 registries)",
                                       "cdc.gov/cancer/uscs/about/stat-bites/stat-bite-breast.htm")),
    ("CANCERNET_c2017", SourceStudy("cancernet-2017", "Cancer.net, about 2017", _SEER, "isabella-milan.com/brest-cancer-information")),
    ("CANCERNET_c2019", SourceStudy("cancernet-2019", "Cancer.net, about 2019", _SEER, "Cancer.net breast cancer statistics (copied in slides)")),
    ("CANCERNET_c2020", SourceStudy("cancernet-2020", "Cancer.net, about 2020", _SEER, "protectingpatientrights.com")),
    ("ACS_c2000", SourceStudy("acs-2000", "American Cancer Society, about 2000", _SEER, "virginiamason.org/breast-cancer-support-survivorship")),
    ("ACS_c2025", SourceStudy("acs-2025", "American Cancer Society, about 2025", _SEER, "palig.com (wellness hub)")),
    ("CARTER1989", SourceStudy("carter-1989", "Carter 1989", _SEER, "Cancer 1989;63:181-187")),
    ("NCDB_AJCC7", SourceStudy("ncdb-observed", "NCDB observed survival (AJCC 7th edition)", _NCDB, "healthguideinfo.com/breast-cancer/p113499")),
    ("NCDB_OLD_RELATIVE",
     SourceStudy("ncdb-relative-1990s", "NCDB relative survival, 1990s", _NCDB, "trulyhealed.com/awareness/what-are-the-stages-of-breast-cancer")),
    ("NCDB_LATER_RELATIVE", SourceStudy("ncdb-relative-2010s", "NCDB relative survival, 2010s", _NCDB, "naaan.org/article_em-1707")),
    ("MITTENDORF2015_MDACC",
     SourceStudy("mittendorf-2015-mdacc", "Mittendorf 2015 (MD Anderson)", _US, "J Clin Oncol 2015;33:1119-1127; ascopost.com/News/22599")),
    ("MITTENDORF2015_Z0010", SourceStudy("mittendorf-2015-z0010", "Mittendorf 2015 (Z0010)", _US, "J Clin Oncol 2015;33:1119-1127; ascopost.com/News/22599")),
    ("ANDERSSON2010", SourceStudy("andersson-2010", "Andersson 2010", _SWEDEN)), ("ANDERSSON2018", SourceStudy("andersson-2018", "Andersson 2018", _SWEDEN)),
    ("B32_WEAVER2011", SourceStudy("b32-weaver-2011", "NSABP B-32 (Weaver 2011)", _CANADA)),
    ("B32_10YR_ABSTRACT", SourceStudy("b32-julian-2013", "NSABP B-32 (Julian 2013)", _CANADA, "San Antonio Breast Cancer Symposium 2013, abstract S2-05")),
    ("B32_KRAG2010", SourceStudy("b32-krag-2010", "NSABP B-32 (Krag 2010)", _CANADA)),
    ("B32_JULIAN_SABCS2010",
     SourceStudy("b32-julian-2010", "NSABP B-32 (Julian 2010)", _CANADA, "San Antonio Breast Cancer Symposium 2010; mdedge.com article 20095")),
    ("MIRROR2009", SourceStudy("mirror-2009", "MIRROR (de Boer 2009)", "Netherlands")),
    ("Z0010_GIULIANO2011", SourceStudy("z0010-2011", "ACOSOG Z0010 (Giuliano 2011)", _US)),
    ("CHEN2007", SourceStudy("chen-2007", "Chen 2007", _SEER)), ("IQBAL2017", SourceStudy("iqbal-2017", "Iqbal 2017", _SEER)),
    ("LI2020", SourceStudy("li-2020", "Li 2020", _SEER)), ("GOBARDHAN2011", SourceStudy("gobardhan-2011", "Gobardhan 2011", "Netherlands")),
    ("MAASKANT2011", SourceStudy("maaskant-2011", "Maaskant-Braat 2011", "Netherlands", "Breast Cancer Res Treat 2011;127:195-203")),
    ("QUERZOLI2006", SourceStudy("querzoli-2006", "Querzoli 2006", "Italy", "Clin Cancer Res 2006;12:6696-6701; aacrjournals.org")),
    ("COTE1999", SourceStudy("cote-1999", "Cote 1999", "international", "Lancet 1999;354:896-900")),
    ("CLARE1997", SourceStudy("clare-1997", "Clare 1997", _US, "Ann Surg Oncol 1997;4:447-451")),
    ("BLANCAS2006", SourceStudy("blancas-2006", "Blancas 2006", "Spain, USA")),
    ("KUBICKY2013", SourceStudy("kubicky-2013", "Kubicky 2013", _SEER, "Int J Radiat Oncol Biol Phys 2013;85:1200-1205")),
    ("WU2020_AJCC8", SourceStudy("wu-2020", "Wu 2020", _SEER)), ("DEBOER2010_META", SourceStudy("de-boer-2010", "de Boer 2010 (58 studies)", "international")),
    ("BMC2021_META", SourceStudy("bmc-2021", "BMC Cancer 2021 (meta-analysis)", "international")),
    ("IBCSG2301_2013", SourceStudy("ibcsg-2301-2013", "IBCSG 23-01 (Galimberti 2013)", "international")),
    ("IBCSG2301_2018", SourceStudy("ibcsg-2301-2018", "IBCSG 23-01 (Galimberti 2018)", "international")),
    ("Z0011_2011",
     SourceStudy("z0011-2011", "ACOSOG Z0011 (Giuliano 2011)", _US)), ("Z0011_2017", SourceStudy("z0011-2017", "ACOSOG Z0011 (Giuliano 2017)", _US)),
    ("AMAROS2014", SourceStudy("amaros-2014", "AMAROS (Donker 2014)", "Europe")), ("AMAROS2023", SourceStudy("amaros-2023", "AMAROS (Bartels 2023)", "Europe")),
    ("SENOMAC2024", SourceStudy("senomac-2024", "SENOMAC (de Boniface 2024)", _TRIAL_COUNTRIES)),
    ("SENOMIC2021", SourceStudy("senomic-2021", "SENOMIC (Andersson 2021)", _SWEDEN, "Br J Surg 2021, first results of SENOMIC")),
    ("SEDMAK1989_BTRIAL", SourceStudy("sedmak-1989", "Sedmak 1989", _US, "Mod Pathol 1989;2:516-520")),
    ("PREDICT_V21", SourceStudy("predict-2.1", "PREDICT 2.1 (Candido dos Reis 2017)", "United Kingdom")),
))
# DOIs that the source gives from memory and that a second text confirms; any other of that kind is not used.
CONFIRMED_DOIS = {"SENOMAC2024": "10.1056/NEJMoa2313487", "PREDICT_V21": "10.1186/s13058-017-0852-3"}
