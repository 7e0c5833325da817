"""A design of indicators and numbers of very many rows, of which only sums are ever taken.

Rows whose indicators are alike count together: a product of the design with itself, each row by some weight, is made of
the weights' sums by period and kind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, hstack

from prefqa._types import Bools, Floats, Ints, sum_by


@dataclass(frozen=True)
class Design:
    """Per row its period, a kind and numbers [n_numbers, n_rows]; `levels` [n_kinds, n_levels] are a kind's indicators.

    As a matrix its columns are an indicator per period, the levels, and the numbers.
    """

    period: Ints
    kind: Ints
    numbers: Floats
    levels: Floats
    n_periods: int

    @property
    def n_recorded(self) -> int:
        """Columns beside the periods."""
        return int(self.levels.shape[1]) + len(self.numbers)

    def sums(self, weight: Floats) -> Floats:
        """Sum of the rows, each by its weight, [n_columns]."""
        by_cell = self._by_cell(weight)
        numbers = [float((weight * one).sum()) for one in self.numbers]
        return np.concatenate([by_cell.sum(axis=1), by_cell.sum(axis=0) @ self.levels, numbers])

    def gram(self, weight: Floats) -> Floats:
        """Sum of the outer products of the rows with themselves, each by its weight."""
        n, first = self.n_periods, self.n_periods + self.levels.shape[1]
        gram = np.zeros((first + len(self.numbers),) * 2)
        by_cell = self._by_cell(weight)
        gram[range(n), range(n)] = by_cell.sum(axis=1)
        gram[:n, n:first] = by_cell @ self.levels
        gram[n:first, n:first] = (self.levels.T * by_cell.sum(axis=0)) @ self.levels
        for at, number in enumerate(self.numbers):
            weighed = weight * number
            by_cell = self._by_cell(weighed)
            gram[:n, first + at] = by_cell.sum(axis=1)
            gram[n:first, first + at] = by_cell.sum(axis=0) @ self.levels
            for other in range(at + 1):
                gram[first + other, first + at] = (weighed * self.numbers[other]).sum()
        return np.triu(gram) + np.triu(gram, 1).T

    def product(self, coefficients: Floats) -> Floats:
        """The matrix times a vector."""
        of_period, of_level, of_number = np.split(coefficients, [self.n_periods, self.n_periods + self.levels.shape[1]])
        found = of_period[self.period] + (self.levels @ of_level)[self.kind]
        for number, one in zip(self.numbers, of_number, strict=True):
            found += one * number
        return np.asarray(found)

    def matrix(self, rows: Ints) -> csr_array:
        """Some rows as a matrix."""
        parts = indicators(self.period[rows], self.n_periods), csr_array(self.levels)[self.kind[rows]]
        return csr_array(hstack([*parts, csr_array(self.numbers[:, rows].T)]))

    def varying(self) -> Design:
        """Leave out what is recorded but the same in all rows."""
        n, one = self.period.size, np.ones(self.period.size)
        total, square = self.sums(one)[self.n_periods :], np.diagonal(self.gram(one))[self.n_periods :]
        varies: Bools = square * n - total**2 > 1e-6 * np.maximum(square, 1.0) * max(n, 1)
        levels, numbers = np.split(varies, [self.levels.shape[1]])
        return replace(self, levels=self.levels[:, levels], numbers=self.numbers[numbers])

    def _by_cell(self, weight: Floats) -> Floats:
        """Sums by period and kind."""
        n_kinds = len(self.levels)
        return sum_by(self.period * n_kinds + self.kind, weight, self.n_periods * n_kinds).reshape(-1, n_kinds)


def indicators(number: Ints, n_levels: int) -> csr_array:
    """An indicator per level, [n_rows, n_levels]."""
    return csr_array((np.ones(number.size), number, np.arange(number.size + 1)), shape=(number.size, n_levels))
