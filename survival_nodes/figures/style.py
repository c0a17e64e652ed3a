"""What all figures share: ink, colours, sizes in inches, and the one gate through which text enters a picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing
    from matplotlib.text import Text

# Okabe and Ito's colours in the order in which neighbours differ most, also to the colour-blind; yellow is left out, it fades on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Five styles beside seven colours: a pair repeats only after 35 groups.
DASHES = ("solid", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.6, 1.2, 1.6)), (0, (10, 2)))
INK, GREY, RULE = "#000000", "#6b6b6b", "#b5b5b5"
DOTTED = (0, (1, 1.5))
FREE = "#f0f0f0"  # the part of a stacked picture that has had no event
WIDTH = 7.0  # inches: two columns of a journal page
MARGIN = 0.12  # inches of white around everything
TEXT, SMALL, LARGE = 8.0, 7.0, 9.5  # points
PITCH = 0.155  # inches from one line of text to the next
FEW_AT_RISK = 10  # below this many patients an estimate is drawn lighter
SYNTHETIC = "SYNTHETIC COHORT: no real patients"
MADE = "The cohort is synthetic: no real patients."
# DejaVu Sans comes with matplotlib, so every machine measures alike; Verdana and Geneva, cut to nearly the same widths, stand in
# for it in a reader's browser, and whatever else stands in there is narrower: text never grows into its neighbour.
FONTS = ("DejaVu Sans", "Verdana", "Geneva", "sans-serif")
_BLANKS = re.compile(r"[ \t\n\r\f\v\x85\u2028\u2029]+")  # not the thin blank inside 20 000
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def theme() -> dict:
    """Give the settings under which figures are drawn: seaborn's bare axes with ticks, then ours."""
    import seaborn

    ours = {
        "font.family": ["sans-serif"], "font.sans-serif": list(FONTS), "font.size": TEXT, "text.color": INK,
        "axes.labelsize": TEXT, "axes.labelcolor": INK, "axes.edgecolor": INK, "axes.linewidth": 0.8, "axes.unicode_minus": True,
        "axes.spines.top": False, "axes.spines.right": False, "xtick.color": INK, "ytick.color": INK,
        "xtick.labelsize": TEXT, "ytick.labelsize": TEXT, "xtick.major.width": 0.8, "ytick.major.width": 0.8,
        "xtick.major.size": 3.5, "ytick.major.size": 3.5, "lines.linewidth": 1.5, "lines.solid_capstyle": "butt",
        "savefig.dpi": 300, "savefig.facecolor": "white", "svg.fonttype": "none", "pdf.fonttype": 42,
    }
    return {**seaborn.axes_style("ticks"), **seaborn.plotting_context("paper"), **ours}


def visible(text: object) -> str:
    """Put any text on one line, without characters that a drawing file cannot hold.

    >>> visible("two" + chr(10) + " lines")
    'two lines'
    """
    return _NOT_IN_XML.sub("\ufffd", _BLANKS.sub(" ", str(text)).strip(" "))


def plain(text: object) -> str:
    """Make any text safe to draw: visible, and no dollar sign read as the start of a formula.

    >>> plain("$5 to $6") == chr(92) + "$5 to " + chr(92) + "$6"
    True
    """
    return visible(text).replace("$", r"\$")


@lru_cache(maxsize=4096)
def text_width(text: str, points: float = TEXT, weight: str = "normal") -> float:
    """Measure a text in inches, in the font that figures are drawn in."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    return float(TextPath((0, 0), plain(text), size=points, prop=FontProperties(family=FONTS[0], weight=weight)).get_extents().x1) / 72


def shortened(text: object, inches: float, points: float = TEXT, weight: str = "normal") -> str:
    """Cut a text, with an ellipsis, to a width in inches."""
    text = visible(text)
    if text_width(text, points, weight) <= inches:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text_width(text[:middle] + "\u2026", points, weight) <= inches else (low, middle - 1)
    return text[:low].rstrip() + "\u2026"


def wrapped(text: object, inches: float, points: float = TEXT, weight: str = "normal") -> list[str]:
    """Break a text into lines no wider than so many inches; a single word that is wider is cut."""
    lines: list[str] = []
    for word in visible(text).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, points, weight) <= inches:
            lines[-1] = longer
        else:
            lines.append(shortened(word, inches, points, weight))
    return lines or [""]


def lighter(colour: str, share: float = 0.38) -> str:
    """Mix a colour with a share of white.

    >>> lighter("#000000", 0.5)
    '#808080'
    """
    parts = (int(colour[place:place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * share):02x}" for part in parts)


def area(colour: str, few: bool = False) -> str:
    """Give the colour of an area under a line of some colour, paler where few are at risk.

    >>> area("#000000"), area("#000000", few=True)
    ('#8c8c8c', '#cccccc')
    """
    return lighter(colour, 0.8 if few else 0.55)


def look(place: int) -> tuple[str, str | tuple]:
    """Give the colour and the dashes of the group at a place in the order of groups."""
    return COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]


def page(height: float, width: float = WIDTH) -> Drawing:
    """Open an empty drawing of so many inches."""
    from matplotlib.figure import Figure as Drawing

    return Drawing(figsize=(width, height))


def axes_at(drawing: Drawing, left: float, bottom: float, width: float, height: float) -> Axes:
    """Place axes by inches from the lower left corner of the drawing."""
    across, up = drawing.get_size_inches()
    return drawing.add_axes((left / across, bottom / up, width / across, height / up))


def write(drawing: Drawing, x: float, y: float, text: object, *, ax: Axes | None = None, **how) -> Text:
    """Write a text at inches from the lower left corner; with `ax`, x is a value of its horizontal axis."""
    from matplotlib.transforms import blended_transform_factory

    inches = drawing.dpi_scale_trans
    where = blended_transform_factory(ax.transData, inches) if ax is not None else inches
    return drawing.text(x, y, plain(text), transform=where, **{"fontsize": TEXT, "va": "center", "ha": "left", **how})


def draw_line(drawing: Drawing, xs: Sequence[float], ys: Sequence[float], **how) -> None:
    """Draw a line between points given in inches."""
    from matplotlib.lines import Line2D

    drawing.add_artist(Line2D(xs, ys, transform=drawing.dpi_scale_trans, **how))


def heading_height(title: str, synthetic: bool) -> float:
    """Inches that the lines above a picture take."""
    return (0.2 if synthetic else 0) + (0.22 if title else 0)


def draw_heading(drawing: Drawing, title: str, synthetic: bool) -> None:
    """Write the word synthetic, where it is due, and the title along the upper edge."""
    top = drawing.get_size_inches()[1] - MARGIN - 0.06
    if synthetic:
        write(drawing, MARGIN, top, SYNTHETIC, weight="bold")
    if title:
        write(drawing, MARGIN, top - (0.2 if synthetic else 0) - 0.01, shortened(title, WIDTH - 2 * MARGIN, LARGE, "bold"), fontsize=LARGE, weight="bold")


def slug(text: object) -> str:
    """Make a name fit for a file of a text.

    >>> slug("Survival, overall (%)")
    'survival-overall'
    """
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-")
