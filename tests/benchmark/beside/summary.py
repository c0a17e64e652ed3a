"""From runs to ratios: medians side by side, ratios of pairs, growth with n, and which floors are reached."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from .contest import Measurement, Record
from .works import BY_NAME, FLOORS, GROWTH_FROM, GROWTH_TO, MOST_GROWTH, Floor, Work


@dataclass(frozen=True)
class Middle:
    """Medians over the rounds of one contestant; `first` is the first run."""

    seconds: float
    processor: float
    mb: float | None
    more_mb: float | None
    first: float
    rounds: int


@dataclass(frozen=True)
class Ratio:
    """A peer's time over ours: of medians, the median and range of ratios round by round, and of processor time; memory is ours over the peer's."""

    medians: float
    pairs: float
    low: float
    high: float
    processor: float
    share_of_memory: float | None


@dataclass(frozen=True)
class Verdict:
    """Whether a floor is reached: what was wanted, what was measured, in words; `reached` None where it was not measured."""

    floor: Floor
    wanted: str
    measured: str
    reached: bool | None


def runs_of(record: Record, work: str, n: int, contestant: str) -> list[Measurement]:
    """Give the runs of one contestant in order."""
    return [run for run in record.runs if (run.work, run.n, run.contestant) == (work, n, contestant)]


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def middle(record: Record, work: str, n: int, contestant: str) -> Middle | None:
    """Give the medians, or None where it did not run."""
    runs = runs_of(record, work, n, contestant)
    if not runs:
        return None
    medians = [_median(getattr(run, name) for run in runs) for name in ("seconds", "processor", "mb", "more_mb")]
    return Middle(*medians, first=runs[0].seconds, rounds=len(runs))


def ratio(record: Record, work: str, n: int, own: str, peer: str) -> Ratio | None:
    """Set a peer beside ours; None where one of them did not run."""
    ours, theirs = middle(record, work, n, own), middle(record, work, n, peer)
    if ours is None or theirs is None:
        return None
    pairs = [b.seconds / a.seconds for a, b in zip(runs_of(record, work, n, own), runs_of(record, work, n, peer))]
    share = ours.mb / theirs.mb if ours.mb and theirs.mb else None
    return Ratio(
        theirs.seconds / ours.seconds, statistics.median(pairs), min(pairs), max(pairs), theirs.processor / max(ours.processor, 1e-4), share)


def sizes_run(record: Record, work: str, contestant: str) -> list[int]:
    """Give the sizes at which a contestant ran."""
    return sorted({run.n for run in record.runs if (run.work, run.contestant) == (work, contestant)})


def power(points: list[tuple[int, float]]) -> float:
    """Fit a power of n by least squares on the logarithms."""
    x, y = ([math.log(value) for value in axis] for axis in zip(*points))
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum((a - mean_x) ** 2 for a in x)


def growth(record: Record, work: Work, contestant: str) -> float | None:
    """Give the power of n with which processor time grows from 100,000 to 3 million rows, or over all larger sizes that there are."""
    sizes = [n for n in sizes_run(record, work.name, contestant) if GROWTH_FROM <= n <= GROWTH_TO]
    if len(sizes) < 2:
        return None
    return power([(n, max(middle(record, work.name, n, contestant).processor, 1e-4)) for n in sizes])


def scaled_up(record: Record, work: str, peer: str, n: int) -> float | None:
    """Scale a peer's seconds up to n by the power of its two largest sizes; None where there are not two, or n is within them."""
    sizes = sizes_run(record, work, peer)[-2:]
    if len(sizes) < 2 or n <= sizes[-1]:
        return None
    times = [middle(record, work, size, peer).seconds for size in sizes]
    return times[-1] * (n / sizes[-1]) ** power(list(zip(sizes, times)))


def verdicts(record: Record) -> list[Verdict]:
    """Judge every floor."""
    return [_of_ratio(record, floor) if floor.peers else _of_limit(record, floor) for floor in FLOORS]


def growth_verdicts(record: Record) -> list[tuple[Work, str, float, bool]]:
    """Judge the growth of each of ours: the work, who, the power, and whether it is low enough."""
    found = [
        (work, contestant.name, growth(record, work, contestant.name)) for work in BY_NAME.values() for contestant in work.contestants
        if contestant.runs_in == "ours"]
    return [(work, name, value, value <= MOST_GROWTH) for work, name, value in found if value is not None]


def _of_limit(record: Record, floor: Floor) -> Verdict:
    own = middle(record, floor.work, floor.n, BY_NAME[floor.work].contestants[0].name)
    wanted = f"at most {floor.seconds:g} s" if floor.seconds is not None else f"at most {floor.mb:,.0f} MB"
    found = None if own is None else own.seconds if floor.seconds is not None else own.mb
    if found is None:
        return Verdict(floor, wanted, "not run", None)
    limit = floor.seconds if floor.seconds is not None else floor.mb
    return Verdict(floor, wanted, f"{found:.3g} s" if floor.seconds is not None else f"{found:,.0f} MB", found <= limit)


def _of_ratio(record: Record, floor: Floor) -> Verdict:
    own = BY_NAME[floor.work].contestants[0].name
    found = {peer: ratio(record, floor.work, floor.n, own, peer) for peer in floor.peers}
    found = {peer: one for peer, one in found.items() if one is not None}
    who = floor.peers[0] if len(floor.peers) == 1 else "the best of " + ", ".join(floor.peers)
    if floor.share_of_memory is not None:
        return _of_memory(floor, found, f"at most {floor.share_of_memory:g} of the memory of {who}")
    wanted = f"{floor.ratio:g} x {who}"
    if not found:
        return _of_scaled_up(record, floor, own, wanted)
    peer, least = min(found.items(), key=lambda item: item[1].medians)
    named = f" ({peer})" if len(floor.peers) > 1 else ""
    return Verdict(floor, wanted, f"{least.medians:.3g} x{named}", least.medians >= floor.ratio)


def _of_memory(floor: Floor, found: dict[str, Ratio], wanted: str) -> Verdict:
    shares = [one.share_of_memory for one in found.values() if one.share_of_memory is not None]
    return Verdict(floor, wanted, f"{max(shares):.2f}", max(shares) <= floor.share_of_memory) if shares else Verdict(floor, wanted, "not run", None)


def _of_scaled_up(record: Record, floor: Floor, own: str, wanted: str) -> Verdict:
    """Judge by a peer's time scaled up from smaller sizes, and say so."""
    ours = middle(record, floor.work, floor.n, own)
    theirs = [seconds for peer in floor.peers if (seconds := scaled_up(record, floor.work, peer, floor.n)) is not None]
    if ours is None or not theirs:
        return Verdict(floor, wanted, "not run", None)
    times = min(theirs) / ours.seconds
    return Verdict(floor, wanted, f"{times:.3g} x (its time scaled up from smaller sizes: about {min(theirs):.3g} s)", times >= floor.ratio)
