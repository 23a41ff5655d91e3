"""The cheapest flow through a small network, by successive shortest paths."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arc:
    """A way from one node to another for at most `room` units, each at `cost`."""

    start: int
    end: int
    room: int
    cost: int


def cheapest_flow(nodes: int, arcs: Sequence[Arc], source: int, sink: int) -> list[int]:
    """Units on each arc of the flow, of any size, that costs least in all. Nodes are numbers from
    0; the network has no cycle. Equal networks get equal flows.

    Each unit is sent on the path that is cheapest in what remains (Busacker and Gowen, 1960), as
    long as such a path costs less than 0.
    """
    ends: list[int] = []
    room: list[int] = []
    costs: list[int] = []
    leaving: list[list[int]] = [[] for _ in range(nodes)]
    for arc in arcs:
        leaving[arc.start].append(len(ends))
        leaving[arc.end].append(len(ends) + 1)
        ends += (arc.end, arc.start)
        room += (arc.room, 0)
        costs += (arc.cost, -arc.cost)
    while path := _path_below_zero(leaving, ends, room, costs, source, sink):
        sent = min(room[edge] for edge in path)
        for edge in path:
            room[edge] -= sent
            room[edge ^ 1] += sent
    return room[1::2]


def _path_below_zero(
    leaving: Sequence[Sequence[int]],
    ends: Sequence[int],
    room: Sequence[int],
    costs: Sequence[int],
    source: int,
    sink: int,
) -> list[int]:
    """Edges of the cheapest path, from the sink backwards (Bellman and Ford); empty when none costs
    less than 0.
    """
    reached: list[int | None] = [None] * len(leaving)
    by: list[int] = [-1] * len(leaving)
    reached[source] = 0
    changed = [source]
    while changed:
        news: dict[int, None] = {}
        for node in changed:
            so_far = reached[node]
            assert so_far is not None
            for edge in leaving[node]:
                if room[edge]:
                    end, cost = ends[edge], so_far + costs[edge]
                    known = reached[end]
                    if known is None or cost < known:
                        reached[end], by[end] = cost, edge
                        news[end] = None
        changed = list(news)
    total = reached[sink]
    if total is None or total >= 0:
        return []
    path: list[int] = []
    node = sink
    while node != source:
        path.append(by[node])
        node = ends[by[node] ^ 1]
    return path
