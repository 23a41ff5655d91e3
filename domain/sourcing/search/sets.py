"""Sets of supplies of one size, in order, cut by a bound."""

from collections.abc import Callable

Chosen = tuple[int, ...]
"""Numbers of supplies, sorted."""
Visit = Callable[[int, int, Chosen], bool]
"""Is told what sets that begin so cost at least, their size and the beginning; says whether to go
on. The beginning may be the whole set.
"""


class Sets:
    """All sets of one size out of some supplies, in order, that the bound does not rule out."""

    def __init__(self, visit: Visit, supplies: list[int], profits: list[int], size: int) -> None:
        self._visit = visit
        self._supplies = supplies
        self._profits = profits
        self._size = size
        self._most = _best_sums(profits, size)

    def extend(self, beginning: Chosen, start: int, value: int) -> None:
        """Looks at the sets that begin so and go on with supplies from place `start`. `value` is
        the bound for the beginning without anything more.
        """
        missing = self._size - len(beginning) - 1
        most = self._most[missing]
        for at in range(start, len(self._supplies) - missing):
            longer = (*beginning, self._supplies[at])
            left = value - self._profits[at]
            if self._visit(left - most[at + 1], self._size, longer) and missing:
                self.extend(longer, at + 1, left)


def _best_sums(profits: list[int], size: int) -> list[list[int]]:
    """For 0 to size - 1 supplies: the most that so many from each place on can earn together."""
    sums = [[0] * (len(profits) + 1)]
    for count in range(1, size):
        fewer = sums[-1]
        row = [0] * (len(profits) + 1)
        for at in range(len(profits) - count, -1, -1):
            here = profits[at] + fewer[at + 1]
            row[at] = here if at == len(profits) - count else max(here, row[at + 1])
        sums.append(row)
    return sums
