"""Guesses at who the patients are: their identity, what describes them, and what was found in their nodes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..columns import COHORT
from ..nodes import candidates, systems
from ..nodes.frames import COLUMNS as NODAL_COLUMNS
from ..units import format_count
from .column_looks import Look
from .column_names import folded, known_names, name_key, our_words, titles_named, words_for_missing
from .draft_follow_up import write_number_codes
from .draft_sketch import Line, Sketch, Table, shown_title, toml_value

_SHORT_NAME = 5  # letters; so short a name may be another thing's
_N_CATEGORY = r"[cpyra]*N[0-3X]\S*( ?\(.*)?"
_BY_NAME = "guess: by its name"


def draft_patients(sketch: Sketch) -> None:
    """Write the line of the identity."""
    look = next((look for look, _ in sketch.named("columns", "patient_id") if look.n_present), None)
    if look is None:
        first = next((sketch.look(title) for title in sketch.frame.columns if title not in sketch.taken and sketch.look(title).is_unique), None)
        if first is not None and (first.numbers is None or first.is_whole) and not first.is_dates:
            sketch.column("patient_id", first.title, "? no value of it stands twice: the identity of a patient? Without one, rows are numbered", active=False)
        return
    sketch.column("patient_id", look.title, "" if look.is_unique or len(name_key(look.title)) > _SHORT_NAME else _BY_NAME)
    again = look.n_present - len(look.words)
    if again:
        sketch.ask(f"{format_count(again)} rows hold an identity ({shown_title(look.title)}) that stood before: are they pieces of one patient's follow-up "
                   "(then map entry_years), or should each patient have one row?")


def draft_descriptions(sketch: Sketch) -> None:
    """Write the lines of whatever describes a patient, in the order of the list of names."""
    for ours in known_names()["columns"]:
        if ours in {"patient_id", "nodal_category"}:
            continue
        for look, unit in sketch.named("columns", ours):
            if _describe(sketch, ours, look, unit):
                break


def _describe(sketch: Sketch, ours: str, look: Look, unit: str) -> bool:
    """Write the line of one column where its values may be what its name says; tell whether they may."""
    if not look.n_present:
        return False
    table, form = known_names()["word_tables"].get(ours), known_names()["forms"].get(ours)
    if table:
        return _describe_words(sketch, ours, look, table)
    kind = "number" if ours == "entry_years" else COHORT[ours].kind
    if kind in {"number", "integer"}:
        return _describe_numbers(sketch, ours, look, unit)
    if kind == "date" and not look.is_iso_dates:
        if look.is_dates:
            sketch.column(ours, look.title, "? dates that are not written as 2012-03-04", active=False)
        return look.is_dates
    if form and not look.fits(form):
        return False
    sketch.column(ours, look.title, _remark(ours, look))
    return True


def _remark(ours: str, look: Look) -> str:
    key = name_key(look.title)
    return "" if key == name_key(ours) or len(key) > _SHORT_NAME else _BY_NAME


def _describe_numbers(sketch: Sketch, ours: str, look: Look, unit: str) -> bool:
    limits = COHORT[ours]
    low, high = limits.minimum, limits.maximum
    if look.numbers is None or (limits.kind == "integer" and not look.is_whole):
        return False
    if ours == "diagnosis_year" and not ((look.numbers >= 1900) & (look.numbers <= 2100)).all():
        return False
    if ours == "age":
        sketch.units += [Line("age", unit, f"the name {shown_title(look.title)} says it")] if unit and unit != "years" else []
        high = high if unit in {"", "years"} else None
    if ours == "deposit_mm":
        _deposit_unit(sketch, look, unit)
    sketch.column(ours, look.title, _remark(ours, look))
    write_number_codes(sketch, ours, look, high if low is not None else None)
    return True


def _deposit_unit(sketch: Sketch, look: Look, unit: str) -> None:
    if unit:
        sketch.units += [Line("deposit", unit, f"the name {shown_title(look.title)} says it")] if unit != "mm" else []
        return
    sketch.units.append(Line("deposit", "mm", "? mm, cm or um", active=False))
    sketch.ask(f"In what unit is {shown_title(look.title)}: mm, cm or um? Without an answer it is read as mm")


def _describe_words(sketch: Sketch, ours: str, look: Look, table: str) -> bool:
    """Write a column of words with its codes: words that are known, numbers as a guess, and a question where any is not known."""
    if not look.is_codes:
        return False
    allowed = {str(word) for word in COHORT[ours].allowed}
    if look.folded_words <= allowed and set(look.words) <= allowed:
        sketch.column(ours, look.title)
        return True
    known = {word: ours_ for word, ours_ in our_words(table).items() if not allowed or ours_ in allowed}
    digits = known_names()["digits"].get(table, {})
    by_word = {word: "" if folded(word) in words_for_missing() else known.get(folded(word)) for word in look.words}
    by_digit = {word: digits.get(_whole(word), "" if _whole(word) in known_names()["missing"]["digits"] else None) for word in look.words}
    if ours == "cause" and "breast-cancer" not in by_word.values():
        return False
    if None not in by_word.values() and any(by_word.values()):
        _write_codes(sketch, ours, look, by_word, "")
    elif None not in by_digit.values() and any(by_digit.values()) and not _mostly_men(look, by_digit):
        _write_codes(sketch, ours, look, by_digit, "guess: the usual numbers")
    else:
        _ask_codes(sketch, ours, look, by_word)
    return True


def _whole(word: str) -> str:
    """Take a decimal zero away."""
    return re.sub(r"\.0+$", "", word)


def _mostly_men(look: Look, words: dict[str, str]) -> bool:
    """Tell whether numbers would make most of the patients men, which nobody with breast cancer is."""
    men = sum(look.rows_of(word) for word, ours in words.items() if ours == "male")
    return men > look.n_present / 2


def _write_codes(sketch: Sketch, ours: str, look: Look, words: dict[str, str], remark: str) -> None:
    sketch.column(ours, look.title, remark)
    lines = [Line(toml_value(word), words[word]) for word in sorted(words)]
    sketch.codes.append(Table(f"[codes.{ours}]", tuple(lines), remark))


def _ask_codes(sketch: Sketch, ours: str, look: Look, words: dict[str, str | None]) -> None:
    allowed = ", ".join(map(str, COHORT[ours].allowed))
    sketch.column(ours, look.title, f"? what its codes mean: see [codes.{ours}] below", active=False)
    shown = look.shown()
    lines = [Line(toml_value(word), words[word] or "", "" if words[word] else "?") for word in shown]
    hidden = f"; {len(look.words) - len(shown)} more values are not shown here" if len(shown) < len(look.words) else ""
    sketch.codes.append(Table(f"[codes.{ours}]", tuple(lines), f'? one of {allowed}, or "" for missing{hidden}', active=False))


def draft_nodes(sketch: Sketch) -> None:
    """Write where the nodal category comes from: a column of its words, evidence in a coding system, or a size or counts of nodes."""
    if _category_in_words(sketch):
        return
    evidence = [_evidence(sketch, look, system) for look, system in _nodal_columns(sketch)[:3]]
    size, count = sketch.title_of("deposit_mm"), sketch.title_of("n_positive")
    if size:
        evidence.append((Line("system", "size", "guess: by its name"), Line("column", size)))
    if count:
        examined = sketch.title_of("n_examined")
        evidence.append((Line("system", "nodes_positive", "guess: counts tell negative from positive, not the size"), Line("column", count),
                         *([Line("nodes_examined_column", examined)] if examined else [])))
    taken = [name for name in NODAL_COLUMNS if name in sketch.frame.columns]
    for place, lines in enumerate(evidence):
        remark = "" if not place else "? read together with the evidence above: take it if it tells of the same nodes"
        if taken:
            remark = f"? the file has a column {taken[0]!r} of its own: rename that column first"
        sketch.nodal.append(Table("[[nodal]]", lines, remark, active=not place and not taken and lines[0].active))
    if not evidence:
        sketch.ask("No column is known to tell of the nodes: if one does, write it and its coding system under [[nodal]] (`survival-nodes sources` lists them)")


def _category_in_words(sketch: Sketch) -> bool:
    known = our_words("nodal_category")
    named = [look for look, _ in sketch.named("columns", "nodal_category")]
    for look in (*named, *(sketch.look(title) for title in sketch.frame.columns if title not in sketch.taken)):
        if not look.is_codes:
            continue
        words = {word: known.get(folded(word), "" if folded(word) in words_for_missing() else None) for word in look.words}
        if None not in words.values() and set(words.values()) & {"itc", "micro", "macro"}:
            sketch.column("nodal_category", look.title, "" if look in named else "guess: by its values")
            if any(word != ours for word, ours in words.items()):
                sketch.codes.append(Table("[codes.nodal_category]", tuple(Line(toml_value(word), words[word]) for word in sorted(words))))
            return True
    return False


def _nodal_columns(sketch: Sketch) -> list[tuple[Look, str]]:
    """Give the columns that hold evidence on the nodes: by the name of a system, by a usual name, or by the look of their values."""
    found: dict[str, str] = {}
    for system in known_names()["nodal"]:
        for look, _ in sketch.named("nodal", system):
            found.setdefault(look.title, system)
    if not found:
        found = {title: "any" for title in sketch.frame.columns
                 if title not in sketch.taken and len(sketch.look(title).words) <= 200 and sketch.look(title).fits(_N_CATEGORY)}
    readable = [(sketch.look(title), system) for title, system in found.items()]
    return [(look, system) for look, system in readable if look.n_present and len(look.words) <= 200 and candidates(look.words)]


def _evidence(sketch: Sketch, look: Look, system: str) -> tuple[Line, ...]:
    """Write a piece of evidence in the system that its name says and its values allow; else in the one that reads what was typed, or ask."""
    possible = [name for name in candidates(look.words) if name != "osna_copies"]
    sketch.taken.add(look.title)
    column = Line("column", look.title)
    beside = _beside(sketch)
    if system in possible:
        return (Line("system", system), column, *beside)
    typed = look.fits(_N_CATEGORY)
    if typed and "pathology_text" in possible:
        return (Line("system", "pathology_text", "guess: by its values; also read as " + ", ".join(possible[:4])), column, *beside)
    if len(possible) == 1:
        return (Line("system", possible[0], "guess: the one system that reads its values"), column, *beside)
    listed = ", ".join(possible[:8]) or f"one of {len(systems())}, see `survival-nodes sources`"
    sketch.ask(f"In what coding system is {shown_title(look.title)} written? Its values could be {listed}. Write it under [[nodal]]")
    return (Line("system", possible[0] if possible else "...", f"? which of {listed}", active=False), column, *beside)


def _beside(sketch: Sketch) -> Sequence[Line]:
    """Give the column of the edition, or else that of the year of diagnosis."""
    edition = next((title for title, _ in titles_named(sketch.frame.columns, "beside_nodal", "edition")), None)
    year = sketch.title_of("diagnosis_year")
    if edition:
        return (Line("edition_column", edition, _BY_NAME),)
    return (Line("year_column", year),) if year else ()
