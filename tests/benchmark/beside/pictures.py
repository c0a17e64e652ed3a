"""Time and memory against n, on logarithmic scales: a panel a work, a line a contestant; SVG and PNG."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from .contest import Record
from .summary import middle, sizes_run
from .works import Contestant, Work

# Okabe and Ito's colours, told apart by most eyes; the styles of line and the marks differ too: blue and solid for this package, the others for its peers.
OWN_LOOKS = (("#0072B2", "-", "o"), ("#56B4E9", "-", "s"))
PEER_LOOKS = (("#D55E00", "--", "^"), ("#E69F00", "-.", "v"), ("#009E73", ":", "D"), ("#CC79A7", (0, (1, 2, 5, 2)), "x"), ("#000000", "--", "+"))
QUANTITIES = {"time": ("seconds", "Seconds, median"), "memory": ("mb", "Peak of the process, MB, median")}
ACROSS = 3


def draw(record: Record, works: Sequence[Work], folder: Path) -> list[Path]:
    """Draw both quantities; give the files written."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "beside-peers", "font.size": 8})
    drawn = [work for work in works if any(run.work == work.name for run in record.runs)]
    written = []
    for name in QUANTITIES if drawn else ():
        figure = _figure(record, drawn, name)
        for form in ("svg", "png"):
            written.append(folder / f"{name}.{form}")
            figure.savefig(written[-1], dpi=150, metadata={"Date": None} if form == "svg" else {"Software": None})
    return written


def _figure(record: Record, works: Sequence[Work], name: str) -> object:
    from matplotlib.figure import Figure

    across = min(ACROSS, len(works))
    down = -(-len(works) // across)
    figure = Figure(figsize=(4.2 * across, 3.4 * down + 0.4), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel, work in zip(panels, works):
        _panel(panel, record, work, QUANTITIES[name])
    for panel in panels[len(works):]:
        panel.set_axis_off()
    figure.suptitle("Made-up registries; thick lines: this package")
    return figure


def _looks(work: Work) -> list[tuple[Contestant, tuple]]:
    """Give every contestant its colour, style of line and mark, in order."""
    own, peers = cycle(OWN_LOOKS), cycle(PEER_LOOKS)
    return [(contestant, next(own if contestant.runs_in == "ours" else peers)) for contestant in work.contestants]


def _panel(panel: object, record: Record, work: Work, quantity: tuple[str, str]) -> None:
    from matplotlib.ticker import LogFormatter

    field, label = quantity
    for contestant, (colour, style, mark) in _looks(work):
        points = [(n, getattr(middle(record, work.name, n, contestant.name), field)) for n in sizes_run(record, work.name, contestant.name)]
        points = [point for point in points if point[1]]
        if points:
            width = 2.2 if contestant.runs_in == "ours" else 1.1
            panel.plot(*zip(*points), color=colour, linestyle=style, marker=mark, markersize=4, linewidth=width, label=contestant.name)
    panel.set(xscale="log", yscale="log", title=work.name, xlabel="rows", ylabel=label)
    smallest, largest = panel.get_xlim()
    panel.set_xlim(min(smallest, 7e3), max(largest, 4.5e7))
    if field == "mb":  # whole numbers of three or four digits, less than a decade apart
        panel.yaxis.set_major_formatter(LogFormatter())
        panel.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.6)))
    panel.grid(which="major", linewidth=0.3)
    panel.legend(fontsize=6, frameon=False)
