"""The flow of exclusions: who was there, who was left out and why, who remains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import InputError
from ..units import format_count
from . import style
from .figure import Figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

LEDGER = ("rule", "reason", "n_before", "n_after", "n_excluded")
MAIN, SIDE, GAP = 2.2, 3.2, 0.45  # inches: a box of the main line, a box of the excluded, the arrow between them
DROP, INSIDE = 0.22, 0.09  # inches: from box to box, from the frame of a box to its words
MOST_STEPS = 4  # more exclusions than that share one box, a line each


def flow(ledger: pd.DataFrame, *, title: str = "", synthetic: bool = False, name: str = "flow") -> Figure:
    """Draw the ledger of a cohort: patients in the main line, those excluded beside it with the reason; many reasons share one box.

    Parameters
    ----------
    ledger
        Frame of `rule, reason, n_before, n_after, n_excluded`, a row a step, in order.
    title
        A line above the picture.
    synthetic
        Whether the patients were made by a program.
    name
        Of the figure.

    Raises
    ------
    InputError
        If the frame has no rows, lacks a column, or does not add up.

    Examples
    --------
    >>> steps = pd.DataFrame([("read", "patients read", 45, 45, 0), ("female", "not female", 45, 44, 1)], columns=list(LEDGER))
    >>> flow(steps).alt_text
    'Flow of patients. Patients read: 45; excluded, not female: 1; analysed: 44.'
    """
    _check(ledger)
    steps = ledger.loc[ledger["n_excluded"] > 0].to_dict("records")
    first = ledger.iloc[0]
    start = str(first["reason"] or first["rule"]) if first["n_excluded"] == 0 else "patients"
    idle = [str(row["reason"] or row["rule"]) for row in ledger.iloc[1:].to_dict("records") if row["n_excluded"] == 0]
    made = f" {style.MADE}" if synthetic else ""
    caption = "Flow of patients from the source to the analysis." + (f" Steps that excluded nobody: {'; '.join(idle)}." if idle else "") + made
    said = "".join(f"; excluded, {_words(step)}: {format_count(step['n_excluded'])}" for step in steps)
    ends = f"{_sentence(start)}: {format_count(first['n_before'])}{said}; analysed: {format_count(ledger['n_after'].iloc[-1])}"
    return Figure(
        name=name, data=ledger.loc[:, list(LEDGER)].copy(), caption=caption, synthetic=synthetic,
        alt_text=f"{'Synthetic cohort. ' if synthetic else ''}Flow of patients. {ends}.",
        _draw=partial(_draw, int(first["n_before"]), start, steps, title, synthetic))


def _check(ledger: pd.DataFrame) -> None:
    lacking = [name for name in LEDGER if name not in ledger]
    if lacking:
        raise InputError(f"a ledger has the columns {', '.join(LEDGER)}; lacking: {', '.join(lacking)}")
    if not len(ledger):
        raise InputError("the ledger holds no steps: there is nothing to draw")
    before, after, excluded = (ledger[column].to_numpy() for column in LEDGER[2:])
    if not ((before - after == excluded).all() and (before[1:] == after[:-1]).all()):
        raise InputError("the ledger does not add up: each step must begin with what the one before left, and n_before \u2212 n_after must be n_excluded")


def _boxes(n_start: int, start: str, steps: list[dict]) -> list[tuple[bool, list[str]]]:
    """Give the boxes from top to bottom as (in the main line?, lines of text)."""
    boxes = [(True, _lines(start, n_start, MAIN))]
    if len(steps) > MOST_STEPS:
        reasons = [style.wrapped(f"\u2022 {_words(step)}: {format_count(step['n_excluded'])}", SIDE - 2 * INSIDE) for step in steps]
        n_excluded = sum(int(step["n_excluded"]) for step in steps)
        excluded = [f"Excluded: n = {format_count(n_excluded)}", *(line for lines in reasons for line in lines)]
        return [*boxes, (False, excluded), (True, _lines("analysed", int(steps[-1]["n_after"]), MAIN))]
    for place, step in enumerate(steps):
        last = place == len(steps) - 1
        boxes.append((False, _lines(f"Excluded: {_words(step)}", int(step["n_excluded"]), SIDE)))
        boxes.append((True, _lines("analysed" if last else "remain", int(step["n_after"]), MAIN)))
    return boxes


def _words(step: dict) -> str:
    """Give the reason of a step, without the count at its end where that is the count of the step."""
    reason = str(step["reason"] or step["rule"])
    for count in {format_count(step["n_excluded"]), str(step["n_excluded"])}:
        reason = reason.removesuffix(f" ({count})").removesuffix(f" ({count} rows)")
    return reason


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _lines(words: str, n: int, width: float) -> list[str]:
    return [*style.wrapped(_sentence(words), width - 2 * INSIDE), f"n = {format_count(n)}"]


def _draw(n_start: int, start: str, steps: list[dict], title: str, synthetic: bool) -> Drawing:
    boxes = _boxes(n_start, start, steps)
    heights = [len(lines) * style.PITCH + 2 * INSIDE for _, lines in boxes]
    drawing = style.page(sum(heights) + DROP * (len(boxes) - 1) + 2 * style.MARGIN + style.heading_height(title, synthetic) + 0.05, style.WIDTH)
    style.draw_heading(drawing, title, synthetic)
    top = drawing.get_size_inches()[1] - style.MARGIN - style.heading_height(title, synthetic) - 0.05
    left = (style.WIDTH - MAIN - SIDE - GAP) / 2 if steps else (style.WIDTH - MAIN) / 2
    middle, leaving = left + MAIN / 2, top
    for (in_line, lines), height in zip(boxes, heights):
        if in_line:
            if leaving < top or lines is not boxes[0][1]:
                _arrow(drawing, (middle, leaving), (middle, top))
            _box(drawing, left, top, MAIN, height, lines)
            leaving = top - height
        else:
            _arrow(drawing, (middle, top - height / 2), (left + MAIN + GAP, top - height / 2))
            _box(drawing, left + MAIN + GAP, top, SIDE, height, lines, centred=len(steps) <= MOST_STEPS)
        top -= height + DROP
    return drawing


def _box(drawing: Drawing, left: float, top: float, width: float, height: float, lines: list[str], *, centred: bool = True) -> None:
    from matplotlib.patches import Rectangle

    drawing.add_artist(Rectangle((left, top - height), width, height, facecolor="white", edgecolor=style.INK, linewidth=0.8, transform=drawing.dpi_scale_trans))
    for place, words in enumerate(lines):
        x, side = (left + width / 2, "center") if centred else (left + INSIDE, "left")
        style.write(drawing, x, top - INSIDE - (place + 0.5) * style.PITCH, words, ha=side)


def _arrow(drawing: Drawing, start: tuple[float, float], end: tuple[float, float]) -> None:
    from matplotlib.patches import FancyArrowPatch

    drawing.add_artist(FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=8, shrinkA=0, shrinkB=0, color=style.INK, linewidth=0.8, transform=drawing.dpi_scale_trans))
