"""Guesses at follow-up: how long, in what unit, what ended it; which of two codes is the event is asked unless a word says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..columns import ENDPOINTS
from ..units import TIME_UNITS, format_count, units_per_year
from .column_looks import FEW_ROWS, Look
from .column_names import folded, our_words, words_for_missing
from .draft_sketch import Line, Sketch, Table, shown_title, toml_value

_MOST_YEARS = 100  # of follow-up; a calendar year is none
_TRUTH = {"0": "0", "1": "1", "true": "1", "false": "0"}
_DECIMAL_TRUTH = {"0.0": "0", "1.0": "1", "0.00": "0", "1.00": "1"}  # as a program writes whole numbers beside missing ones


@dataclass(frozen=True)
class _Found:
    """What was found of one endpoint: its time with the unit that the name says, and its event with whether the name says which code that is."""

    time: Look | None
    unit: str
    event: Look | None
    says: bool
    pair: str = "alone"  # or `alike`: the two names begin alike; or `several`: there are others, and the names do not say which go together


def draft_follow_up(sketch: Sketch) -> None:
    """Write the lines of the active endpoint, and of those beside it."""
    found = {endpoint: _find(sketch, endpoint) for endpoint in (*ENDPOINTS, "unstated")}
    active = next((name for name in ENDPOINTS if found[name].time and found[name].event), None)
    active = active or next((name for name in ENDPOINTS if found[name].event or found[name].time), "overall")
    own, rest = found[active], found["unstated"]
    main = _Found(own.time or rest.time, own.unit if own.time else rest.unit, own.event or rest.event, own.says if own.event else rest.says)
    _write_time(sketch, main)
    _write_event(sketch, main.event, "event", main.says)
    _write_endpoint(sketch, active, stated=bool(own.time and own.event) or (active == "overall" and bool(own.time or own.event)))
    for name in ENDPOINTS:
        if name != active and found[name].time and found[name].event:
            _write_beside(sketch, name, found[name], main.unit)
    sketch.taken = {str(line.value) for line in sketch.columns}


def _find(sketch: Sketch, endpoint: str) -> _Found:
    """Find the time and the event of an endpoint; of several, a pair whose names begin alike."""
    times = [(look, unit) for look, unit in sketch.named("times", endpoint) if _is_time(look, unit)]
    events = [(look, group == "events") for group in ("events", "statuses") for look, _ in sketch.named(group, endpoint) if look.is_codes and _is_event(look)]
    alike = [(time, event) for time in times for event in events if _first_word(time[0].title) == _first_word(event[0].title)]
    (time, unit), (event, says) = alike[0] if alike else (next(iter(times), (None, "")), next(iter(events), (None, False)))
    sketch.taken |= {look.title for look in (time, event) if look is not None}
    return _Found(time, unit, event, says, "alike" if alike else "alone" if len(times) == len(events) == 1 else "several")


def _first_word(title: str) -> str:
    return re.split(r"[^a-z0-9]", title.casefold(), maxsplit=1)[0]


def _is_time(look: Look, unit: str) -> bool:
    """Tell whether a column may be a length of time: numbers, and none of them a calendar year; dates are asked about."""
    if look.numbers is None:
        return look.is_dates
    if set(look.numbers.tolist()) <= {0, 1} and not unit:
        return False
    return unit != "years" or float(look.numbers.max()) <= _MOST_YEARS


def _is_event(look: Look) -> bool:
    """Tell whether a column may say that something happened; causes of death are another column."""
    return not look.folded_words & (set(our_words("cause")) - set(our_words("event")))


def _write_time(sketch: Sketch, main: _Found) -> None:
    if main.time is None:
        sketch.columns.append(Line("years", "...", "? the column of follow-up: no name says it", active=False))
        dates = [title for title in sketch.frame.columns if sketch.look(title).is_dates]
        only = f"; {len(dates)} columns hold dates: make a column of the time from diagnosis to the last of them" if len(dates) > 1 else ""
        sketch.ask(f"Which column is the follow-up, from diagnosis to the event or to censoring?{only}")
        _write_unit(sketch, main)
        return
    title = shown_title(main.time.title)
    if main.time.is_dates:
        sketch.column("years", main.time.title, "? dates, where a length of time is wanted", active=False)
        sketch.ask(f"{title} holds dates: which column is the time from diagnosis to the event or to censoring?")
    else:
        sketch.column("years", main.time.title, "" if main.unit else "guess: by its name")
        write_number_codes(sketch, "years", main.time)
    _write_unit(sketch, main)


def _write_unit(sketch: Sketch, main: _Found) -> None:
    if main.unit:
        sketch.units.append(Line("time", main.unit, f"the name {shown_title(main.time.title)} says it"))
        return
    median = main.time.median() if main.time is not None else None
    hint = ""
    if median is not None:
        meant = (f"{_two_figures(median / units_per_year(unit))} years if {unit}" for unit in TIME_UNITS)
        hint = f": the median is about {median:g}, which is {', '.join(meant)}"
    sketch.units.append(Line("time", "months", f"? days, months or years{hint}", active=False))
    sketch.ask("In what unit is the follow-up: days, months or years? Write it under [units]" + hint)


def _two_figures(number: float) -> str:
    return f"{float(f'{number:.2g}'):g}"


def _write_event(sketch: Sketch, look: Look | None, ours: str, says: bool) -> None:
    """Write the line of an event and its codes, or the ways in which they may be meant."""
    if look is None:
        if ours == "event":
            sketch.columns.append(Line("event", "...", "? the column that says whether the event happened: no name says it", active=False))
            sketch.ask("Which column says whether the event happened (1) or not (0)?")
        return
    codes = _certain_codes(look, says)
    if codes is not None:
        sketch.column(ours, look.title)
        if codes:
            lines = [Line(toml_value(word), int(code) if code else "") for word, code in codes.items()]
            sketch.codes.append(Table(f"[codes.{ours}]", tuple(lines)))
        return
    sketch.column(ours, look.title, f"? which of its codes is the event: take a [codes.{ours}] below", active=False)
    sketch.ask(f"Which code of {shown_title(look.title)} is the event? Its line under [columns], and one table [codes.{ours}], wait for the answer")
    sketch.codes += _alternatives(look, ours)


def _certain_codes(look: Look, says: bool) -> dict[str, str] | None:
    """Give word -> 0, 1 or "" where that is beyond doubt; an empty table where none is needed; None where it must be asked."""
    if says and look.folded_words <= set(_TRUTH):
        return {}
    said = {word: {"no": "0", "yes": "1"}[ours] for word, ours in our_words("yes").items()} | _TRUTH | _DECIMAL_TRUTH
    for table in (our_words("event"), said) if says else (our_words("event"),):
        if all(word in table or word in words_for_missing() for word in look.folded_words) and look.folded_words & set(table):
            return {word: table.get(folded(word), "") for word in sorted(look.words)}
    return None


def _alternatives(look: Look, ours: str) -> list[Table]:
    """Write the tables that may be meant, each as a comment."""
    shown = look.shown()
    if len(shown) == len(look.words) == 2:
        return [Table(f"[codes.{ours}]", tuple(Line(toml_value(word), int(word == event)) for word in shown),
                      f"? {'this' if event == shown[1] else 'or this'}, if {event} is the event{_in_rows(look, event)}", active=False)
                for event in reversed(shown)]
    lines = [Line(toml_value(word), "", f'? 0, 1, or "" for missing{_in_rows(look, word)}') for word in shown]
    hidden = len(look.words) - len(shown)
    return [Table(f"[codes.{ours}]", tuple(lines), f"? what its codes mean{_hidden(hidden)}", active=False)]


def _in_rows(look: Look, word: str) -> str:
    n = look.rows_of(word)
    return f" ({format_count(n)} of {format_count(look.n_rows)} rows)" if n >= FEW_ROWS else ""


def _hidden(n: int) -> str:
    return f"; {n} more values are not shown here" if n else ""


def _write_endpoint(sketch: Sketch, active: str, *, stated: bool) -> None:
    if active != "overall":
        sketch.cohort.append(Line("endpoint", active, "" if stated else "guess: by the names of its columns"))
    elif not stated:
        sketch.cohort.append(Line("endpoint", "overall", f"? what the event is: one of {', '.join(ENDPOINTS)}, or a name of yours", active=False))
        sketch.ask("What is the event: death from any cause (overall), or another? Write its endpoint under [cohort]")


def _write_beside(sketch: Sketch, endpoint: str, found: _Found, unit: str) -> None:
    """Write the lines of an endpoint beside the active one; as a comment where anything about it must be asked."""
    stem = endpoint.replace("-", "_")
    unclear = _certain_codes(found.event, found.says) is None
    doubt = ""
    if found.time.is_dates:
        doubt = "dates, where a length of time is wanted"
    elif found.unit != unit:
        doubt = f"in {found.unit or 'a unit that its name does not say'}, where the follow-up is in {unit or 'one to be said'}"
    elif found.pair == "several" or unclear:
        doubt = "which time and which event go together" if found.pair == "several" else "which of its codes is the event"
    if doubt:
        for part, look in (("years", found.time), ("event", found.event)):
            sketch.column(f"{stem}_{part}", look.title, f"? {doubt}", active=False)
        sketch.codes += _alternatives(found.event, f"{stem}_event") if unclear else []
        return
    sketch.column(f"{stem}_years", found.time.title, "" if found.pair == "alike" else f"guess: the time of {shown_title(found.event.title)}, by its name")
    _write_event(sketch, found.event, f"{stem}_event", found.says)


def write_number_codes(sketch: Sketch, ours: str, look: Look, most: float | None = None) -> None:
    """Write what stands in a column of numbers for a missing value: words that do, and numbers about which is asked."""
    lines = [Line(toml_value(word), "", "guess: the others are numbers") for word in look.odd_words]
    suspects = list(look.markers(most))
    rows = {word: f"{format_count(look.rows_of(word))} row{'s' * (look.rows_of(word) != 1)}" for word in suspects}
    asked = [Line(toml_value(word), "", f'? {word} stands in {rows[word]}: a number, or "not known"?', active=False) for word in suspects]
    if lines or asked:
        sketch.codes.append(Table(f"[codes.{ours}]", (*lines, *asked), active=bool(lines)))
    if asked:
        sketch.ask(f"In {shown_title(look.title)}, does {' or '.join(suspects)} stand for \"not known\"? See [codes.{ours}]")
