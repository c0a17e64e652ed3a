"""Cox's partial likelihood of rows at risk from the origin, worked out from patterns of covariates and counts.

It is the likelihood of `partial_likelihood`, with rows that are alike taken together. Rows of one pattern have one weight w = exp(x b);
where all columns have patterns, rows of one pattern and place are one cell with a count. Sums over risk sets are sums of cells by place,
added up from the last place back. Columns of two values (levels of categories) are not multiplied out: the weights are summed by place
and by what the rows have in those columns, and the few sums are multiplied. The second moments of the information need no places: a
row's share in them is w x x' times the hazard it was exposed to, summed by pattern first.

Repeats are rows given so many times: deaths of a cell are as many tied deaths. Case weights are not, as `partial_likelihood` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .covariates import Covariates
from .divisors import breslow_divisors, efron_divisors
from .partial_likelihood import Evaluation
from .places import PORTION, Places, find_places, stable_order
from .thin import product

ROOMY = 4  # a table is filled directly unless it is this much larger than the rows that fill it
SMALL = 1 << 20
BITS = 20
MOST_COUNTED = 1 << 32  # rows, of which the counts of those at risk and of those that die stand in the halves of one integer
SHORT_RUNS = 2  # units a run, on average, below which runs save nothing


@dataclass(frozen=True, eq=False)
class Units:
    """Rows, or cells of rows that are alike, sorted by place, at least one at each place.

    `covariates` of them, (m, p); `starts` where each place begins, (k,); `weight` how many rows each stands for, or its case weight, (m,),
    None where all are 1; `among` where they stand among others of which they are a part, (m,); `known_levels` the levels of those.
    """

    covariates: Covariates
    starts: np.ndarray
    weight: np.ndarray | None
    among: np.ndarray | None = None
    known_levels: Levels | None = None

    def __len__(self) -> int:
        return len(self.covariates.code)

    @cached_property
    def place(self) -> np.ndarray:
        """The place of each unit, (m,)."""
        return np.repeat(np.arange(len(self.starts)), self.n_at)

    @cached_property
    def used(self) -> np.ndarray:
        """The patterns that some unit has, as booleans."""
        return self.covariates.counts() > 0

    @cached_property
    def range(self) -> np.ndarray:
        """The lowest and the highest value of each column, shape (2, p)."""
        return self.covariates.range_of(self.used)

    @cached_property
    def portions(self) -> list[tuple[slice, slice]]:
        """Whole places, and their units, of which as many are worked on at a time as stay in the cache."""
        ends = np.append(self.starts[1:], len(self))
        last = np.unique(np.append(np.searchsorted(ends, np.arange(PORTION, len(self), PORTION)), len(ends) - 1))
        first = np.append(0, last[:-1] + 1)
        return [(slice(self.starts[one], ends[other]), slice(one, other + 1)) for one, other in zip(first.tolist(), last.tolist(), strict=True)]

    def centre(self, of_table: np.ndarray) -> float:
        """Give the largest of the predictors of the patterns that are used, 0 at least."""
        return float(of_table[self.used].max(initial=0.0))

    def spread(self, of_patterns: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Give units what their patterns have, times how many or how much they stand for."""
        values = of_patterns.take(self.covariates.code[rows])
        if self.weight is not None:
            values *= self.weight[rows]
        return values

    def weighted(self, coefficients: np.ndarray, centre: float | None = None) -> tuple[np.ndarray, float]:
        """Give exp(x b - centre) times the weight of each unit, and the centre: the largest x b, 0 at least, where none is given."""
        of_table, of_dense = self.covariates.times(coefficients)
        predictor = of_table.take(self.covariates.code)
        predictor += of_dense
        centre = float(predictor.max(initial=0.0)) if centre is None else centre
        predictor -= centre
        weight = np.exp(predictor, out=predictor)
        if self.weight is not None:
            weight *= self.weight
        return weight, centre

    def by_place(self, values: np.ndarray) -> np.ndarray:
        """Sum values of the units, (m,), by place."""
        return np.add.reduceat(values, self.starts)

    def at_places(self, values: np.ndarray, places: slice) -> np.ndarray:
        """Give the units of some places the values there."""
        return np.repeat(values[places], self.n_at[places])

    @cached_property
    def others(self) -> list[tuple[int, np.ndarray]]:
        """The columns that are not of two values, and what each unit has in them."""
        covariates = self.covariates
        of_table = [(int(covariates.in_table[column]), covariates.table[:, column].take(covariates.code)) for column in self.levels.others]
        return [*of_table, *zip(covariates.in_dense.tolist(), covariates.dense, strict=True)]

    @cached_property
    def levels(self) -> Levels:
        """The columns of two values, put together; none where a table of them by place would be large beside the units."""
        found = Levels.of(self.covariates) if self.known_levels is None else self.known_levels
        return found if len(found.table) * len(self.starts) <= ROOMY * len(self) else Levels.none(self.covariates)

    @cached_property
    def level_runs(self) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Portion by portion, where each unit adds to in a table of its places by what its columns of two values are together.

        Where units come in runs that add to one, it is that of the runs, with their starts; else with None.
        """
        found = []
        for rows, places in self.portions:
            keys = self.at_places(np.arange(len(self.starts)) - places.start, places) * len(self.levels.table)
            keys += self.levels.code.take(self.covariates.code[rows])
            starts = np.append(0, np.flatnonzero(keys[1:] != keys[:-1]) + 1)
            found.append((keys[starts], starts) if len(starts) * SHORT_RUNS <= len(keys) else (keys, None))
        return found

    @cached_property
    def n_at(self) -> np.ndarray:
        """How many units there are at each place, shape (k,)."""
        return np.diff(self.starts, append=len(self))

    def moments(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sum weights by place, shape (k,), and weights times columns, shape (p, k).

        The weights are those of patterns, (u,), or, with columns that have no patterns, of the units, (m,).
        """
        covariates, k, n_levels = self.covariates, len(self.starts), len(self.levels.table)
        whole, sums, by_level = np.empty(k), np.empty((covariates.n_columns, k)), np.empty((k, n_levels))
        of_units = self.has_dense
        for portion, (rows, places) in enumerate(self.portions):
            own = weight[rows] if of_units else self.spread(weight, rows)
            starts = self.starts[places] - rows.start
            np.add.reduceat(own, starts, out=whole[places])
            for column, values in self.others:
                np.add.reduceat(values[rows] * own, starts, out=sums[column, places])
            if len(self.levels.columns):
                by_level[places] = self._by_level(own, portion)
        if len(self.levels.columns):
            sums[covariates.in_table[self.levels.columns]] = product(by_level, self.levels.table).T
        return whole, sums

    def _by_level(self, own: np.ndarray, portion: int) -> np.ndarray:
        """Sum values of the units of a portion by place and what they have in the columns of two values."""
        (keys, starts), places, n_levels = self.level_runs[portion], self.portions[portion][1], len(self.levels.table)
        sums = own if starts is None else np.add.reduceat(own, starts)
        n_places = places.stop - places.start
        return np.bincount(keys, sums, minlength=n_places * n_levels).reshape(n_places, n_levels)

    @property
    def has_dense(self) -> bool:
        """Whether there are columns without patterns."""
        return len(self.covariates.in_dense) > 0

    def exposed(self, of_places: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Sum what the places give to their units, times how many they stand for or the weights (m,), by pattern, (u,); and give it, where weighted."""
        whole = None if weight is None else np.empty(len(self))
        total = np.zeros(len(self.covariates.table))
        for rows, places in self.portions:
            own = self.at_places(of_places, places)
            factor = self.weight if weight is None else weight
            if factor is not None:
                own *= factor[rows]
            total += np.bincount(self.covariates.code[rows], own, minlength=len(total))
            if whole is not None:
                whole[rows] = own
        return total, whole


@dataclass(frozen=True, eq=False)
class Levels:
    """The columns of a table that have two values: what they are together, as few rows, and which of these each pattern has.

    `columns` which they are, and `others` the rest; `table` the distinct rows of `columns`; `code` (u,) which of them a pattern has.
    """

    columns: np.ndarray
    others: np.ndarray
    table: np.ndarray
    code: np.ndarray

    @classmethod
    def of(cls, covariates: Covariates) -> Levels:
        """Find them."""
        table = covariates.table
        if not table.shape[1]:
            return cls.none(covariates)
        low, high = table.min(axis=0), table.max(axis=0)
        is_high = table == high
        two = (is_high | (table == low)).all(axis=0)
        columns, code = np.flatnonzero(two), np.zeros(len(table), dtype=np.int64)
        for start in range(0, len(columns), BITS):
            bits = is_high[:, columns[start : start + BITS]]
            code = np.unique((code << BITS) + bits @ (1 << np.arange(bits.shape[1])), return_inverse=True)[1].reshape(-1)
        first = np.zeros(int(code.max(initial=0)) + 1, dtype=np.int64)
        first[code] = np.arange(len(table))
        return cls(columns, np.flatnonzero(~two), table[np.ix_(first, columns)], code)

    @classmethod
    def none(cls, covariates: Covariates) -> Levels:
        """Take no column together."""
        u, a = covariates.table.shape
        return cls(np.arange(0), np.arange(a), np.zeros((1, 0)), np.zeros(u, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class PatternLikelihood:
    """A partial likelihood of units and, once more, of those that die.

    `sets` the places; `units` and `deaths`; `efron` how ties are treated; `is_weighted` whether the weights are case weights rather than
    counts; `origin` and `scale` (p,) what the columns were moved by.
    """

    sets: Places
    units: Units
    deaths: Units
    efron: bool
    is_weighted: bool
    origin: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(
        cls, covariates: Covariates, exit_: np.ndarray, event: np.ndarray, stratum: np.ndarray | None = None, ties: str = "efron", *,
        repeats: np.ndarray | None = None, case_weight: np.ndarray | None = None,
    ) -> PatternLikelihood:
        """Take n rows with their covariates, centred and scaled here.

        Parameters
        ----------
        covariates
            Of the n rows.
        exit_, event, stratum
            Ticks, 0 or 1 with at least one event, and codes from 0 (None for one stratum), shape (n,).
        ties
            `efron` or `breslow`.
        repeats, case_weight
            How many rows each stands for, or its case weight above 0, shape (n,); one of the two, None for 1.

        >>> covariates = Covariates.of(np.array([[1.0], [1], [1], [0], [0], [0]]))
        >>> likelihood = PatternLikelihood.of(covariates, np.array([1, 1, 6, 6, 8, 9]), np.array([1, 0, 1, 1, 0, 1]), ties="breslow")
        >>> bool(np.isclose(np.exp(likelihood.at(np.zeros(1)).log_likelihood), 1 / (6 * 4 * 4 * 1)))
        True
        """
        places, last = find_places(exit_, event, stratum, repeats)
        n_places = len(places.ticks)
        weight = repeats if case_weight is None else case_weight
        collapses = not len(covariates.in_dense) and case_weight is None and n_places * len(covariates.table) <= ROOMY * len(last) + 4 * SMALL
        collapses = collapses and (repeats is None or repeats.sum() < MOST_COUNTED)
        make = _counted if collapses else _in_order
        at_risk = np.flatnonzero(last >= 0) if last.min() < 0 else slice(None)
        units, deaths = make(covariates, last, weight, at_risk, event, n_places)
        moved, origin, scale = units.covariates.standardised(units.weight if case_weight is None else None)
        units = replace(units, covariates=moved)
        of_deaths = deaths.covariates.moved(origin, np.ones(len(scale))).moved(np.zeros(len(scale)), scale)
        deaths = replace(deaths, covariates=of_deaths, known_levels=units.levels)
        return cls(places, units, deaths, ties == "efron", case_weight is not None, origin, scale)

    def only(self, columns: np.ndarray) -> PatternLikelihood:
        """Give the likelihood of some columns (a boolean mask of shape (p,))."""
        units, deaths = (replace(each, covariates=each.covariates.only(columns), known_levels=None) for each in (self.units, self.deaths))
        return replace(self, units=units, deaths=deaths, origin=self.origin[columns], scale=self.scale[columns])

    @property
    def range(self) -> np.ndarray:
        """The lowest and the highest value of each column, shape (2, p)."""
        return self.units.range

    @cached_property
    def death_weight(self) -> np.ndarray:
        """Sum of the case weights of each place's deaths; shape (k,)."""
        return self.deaths.by_place(self.deaths.weight) if self.is_weighted else self.sets.n_deaths

    @cached_property
    def death_sums(self) -> np.ndarray:
        """Sum of the columns of each place's deaths, times their case weights; shape (k, p)."""
        deaths = self.deaths
        ones = np.ones(len(deaths.covariates.table)) if not deaths.has_dense else np.ones(len(deaths)) if deaths.weight is None else deaths.weight
        return deaths.moments(ones)[1].T

    def at(self, coefficients: np.ndarray) -> Evaluation:
        """Evaluate at a coefficient vector of shape (p,)."""
        weights, centre = self._weights(coefficients)
        of_pattern, of_units, of_deaths = weights
        sums, moments = self.units.moments(of_pattern if of_units is None else of_units)
        at_risk = self.sets.from_end(sums)
        total, death_weight = self.sets.from_end(moments) / at_risk, self.death_weight
        if self.efron and (self.sets.n_deaths > 1).any():
            fraction, dying = self.deaths.moments(of_pattern if of_deaths is None else of_deaths)
            dying /= at_risk
            divisors = efron_divisors(fraction / at_risk, self.sets.n_deaths, death_weight / self.sets.n_deaths if self.is_weighted else None)
        else:
            dying, divisors = np.zeros_like(total), breslow_divisors(death_weight)
        own = float(self.death_sums.sum(axis=0) @ coefficients) - centre * float(death_weight.sum())
        log_likelihood = own - float(death_weight @ np.log(at_risk)) - divisors.log_total
        return Evaluation(self, log_likelihood, centre, of_units, at_risk, total.T, dying.T, divisors, of_pattern, of_deaths)

    def _weights(self, coefficients: np.ndarray) -> tuple[tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None], float]:
        """Give exp(x b - centre) of the patterns, or, with columns that have none, of units and deaths; and the centre."""
        if self.units.has_dense:
            weight, centre = self.units.weighted(coefficients)
            return (None, weight, self.deaths.weighted(coefficients, centre)[0]), centre
        of_table = self.units.covariates.times(coefficients)[0]
        centre = self.units.centre(of_table)
        return (np.where(self.units.used, np.exp(np.minimum(of_table - centre, 0.0)), 0.0), None, None), centre

    def exposed_moments(self, evaluated: Evaluation, hazard: np.ndarray, gone: np.ndarray) -> np.ndarray:
        """Sum w x x' over rows, each times the hazard it was exposed to, a death's own less what of it was gone; shape (p, p)."""
        units, deaths, cumulative = self.units, self.deaths, self.sets.from_start(hazard)
        if not units.has_dense:
            exposed = units.exposed(cumulative, None)[0] - deaths.exposed(gone, None)[0]
            return units.covariates.second_moments(of_patterns=exposed * evaluated.pattern_weight)
        of_patterns, of_units = units.exposed(cumulative, evaluated.weight)
        gone_patterns, gone_units = deaths.exposed(gone, evaluated.dying_weight)
        return units.covariates.second_moments(of_units, of_patterns) - deaths.covariates.second_moments(gone_units, gone_patterns)


Chosen = np.ndarray | slice


def _counted(
    covariates: Covariates, last: np.ndarray, repeats: np.ndarray | None, at_risk: Chosen, event: np.ndarray, n_places: int,
) -> tuple[Units, Units]:
    """Count those at risk, and those that die, by place and pattern."""
    u = len(covariates.table)
    own = None if repeats is None else repeats[at_risk]
    n_cells, code, n, n_deaths = _tallied(last[at_risk], covariates.code[at_risk], event[at_risk], own, (n_places, u))
    starts, dying, none = np.cumsum(n_cells) - n_cells, np.flatnonzero(n_deaths), np.zeros((0, len(code)))
    units = Units(replace(covariates, code=code, dense=none), starts, n)
    of_deaths = replace(covariates, code=code[dying], dense=none[:, dying])
    return units, Units(of_deaths, np.searchsorted(dying, starts), n_deaths[dying].astype(float), dying)


def _tallied(
    places: np.ndarray, code: np.ndarray, event: np.ndarray, repeats: np.ndarray | None, shape: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Count rows by place and pattern in a table of that shape: give the cells at each place, and each cell's pattern, rows and deaths.

    Both counts of a cell stand in one integer, the deaths in its upper half, so that the rows are gone through once. A large table is of integers
    so short that it stays in the cache, and is made anew of longer ones where a count outgrows its half, as the sums then tell.
    """
    n_rows, n_died = (len(code), np.count_nonzero(event)) if repeats is None else (int(repeats.sum()), int(repeats[event > 0].sum()))
    for kind in (np.uint16, np.uint32, np.uint64) if shape[0] * shape[1] > SMALL and repeats is None else (np.uint64,):
        table, half = np.zeros(shape, dtype=kind), kind(4 * np.dtype(kind).itemsize)
        for start in range(0, len(code), PORTION):
            rows = slice(start, start + PORTION)
            own = (event[rows].astype(kind) << half) + kind(1)
            if repeats is not None:
                own *= repeats[rows].astype(kind)
            np.add.at(table.reshape(-1), np.multiply(places[rows], shape[1], dtype=np.int64) + code[rows], own)
        cells = _cells(table, half)
        if cells[2].sum() == n_rows and cells[3].sum() == n_died:
            break
    return cells


def _cells(table: np.ndarray, half: np.integer) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give the cells of such a table, a few places at a time, so that no more memory is touched than what is given."""
    step = max(1, PORTION // table.shape[1])
    n_cells = np.concatenate([np.count_nonzero(table[start : start + step], axis=1) for start in range(0, len(table), step)])
    ends, n = np.cumsum(n_cells), int(n_cells.sum())
    code, many, n_deaths = np.empty(n, dtype=np.int64), np.empty(n), np.empty(n, dtype=table.dtype)
    for start in range(0, len(table), step):
        places = table[start : start + step]
        own = slice(ends[start] - n_cells[start], ends[min(start + step, len(table)) - 1])
        found, first = np.flatnonzero(places > 0), np.arange(len(places)) * table.shape[1]
        np.subtract(found, np.repeat(first, n_cells[start : start + step]), out=code[own])
        held = places.reshape(-1)[found]
        np.right_shift(held, half, out=n_deaths[own])
        many[own] = held - (n_deaths[own] << half)
    return n_cells, code, many, n_deaths


def _in_order(
    covariates: Covariates, last: np.ndarray, weight: np.ndarray | None, at_risk: Chosen, event: np.ndarray, n_places: int,
) -> tuple[Units, Units]:
    """Sort those at risk by place, and take those that die from among them."""
    order = stable_order(last[at_risk], n_places)
    order = order if isinstance(at_risk, slice) else at_risk[order]
    own = None if weight is None else weight[order].astype(float)
    units = Units(covariates.take(order), np.searchsorted(last[order], np.arange(n_places)), own)
    died = np.flatnonzero(event[order])
    return units, Units(units.covariates.take(died), np.searchsorted(died, units.starts), None if own is None else own[died], died)
