"""Pairs become groups: records that are the same, each with most others of its group and not only with a neighbour."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

Pair = tuple[int, int]  # of records by their numbers, the smaller one first
LOWEST, HIGHEST, UNKNOWN = (
    -12.0,
    25.0,
    -6.0,
)  # bits: bounds of what one pair says of its groups; a pair that has no weight
APART = -1_000_000.0  # of pairs that people say are none: no mean comes over it


def connected(edges: Iterable[tuple[int, int, float]], largest: int) -> tuple[list[list[int]], int]:
    """The sets of records that pairs connect, none larger than `largest`: the weightiest pairs come first, and one that
    would make a larger set of two connects nothing, so that a chain of likenesses ends somewhere; and how many pairs
    connected nothing for that."""
    leader: dict[int, int] = {}
    size: dict[int, int] = {}
    cut = 0

    def find(record: int) -> int:
        leader.setdefault(record, record)
        while leader[record] != record:
            leader[record] = leader[leader[record]]
            record = leader[record]
        return record

    for a, b, _ in sorted(edges, key=lambda edge: (-edge[2], edge[0], edge[1])):
        first, second = find(a), find(b)
        if first == second:
            continue
        if size.get(first, 1) + size.get(second, 1) > largest:
            cut += 1
            continue
        first, second = min(first, second), max(first, second)
        leader[second] = first
        size[first] = size.get(first, 1) + size.pop(second, 1)
    sets: dict[int, list[int]] = defaultdict(list)
    for record in sorted(leader):
        sets[find(record)].append(record)
    return [records for records in sets.values() if len(records) > 1], cut


def groups_of(
    records: Sequence[int], weight: Callable[[int, int], float | None], apart: frozenset[Pair], together: float
) -> list[list[int]]:
    """The groups of a connected set: the two groups whose pairs weigh most in the mean are joined, as long as that is
    at least `together`. A pair without a weight was never alike enough to be weighed. Pairs that are `apart` are
    never in one."""
    members = {record: [record] for record in records}
    sums: dict[int, dict[int, float]] = {record: {} for record in records}
    for index, a in enumerate(records):
        for b in records[index + 1 :]:
            known = weight(a, b)
            bits = UNKNOWN if known is None else min(HIGHEST, max(LOWEST, known))
            sums[a][b] = sums[b][a] = APART if (min(a, b), max(a, b)) in apart else bits
    heap = [(-bits, a, b) for a in records for b, bits in sums[a].items() if a < b]
    heapq.heapify(heap)
    while heap:
        cost, a, b = heapq.heappop(heap)
        if -cost < together:
            break
        if a not in members or b not in members or _mean(sums, members, a, b) != -cost:
            continue
        members[a] += members.pop(b)
        for other in members:
            if other != a:
                sums[a][other] = sums[other][a] = sums[a][other] + sums[b][other]
                heapq.heappush(heap, (-_mean(sums, members, a, other), min(a, other), max(a, other)))
    return [sorted(group) for group in members.values() if len(group) > 1]


def _mean(sums: Mapping[int, Mapping[int, float]], members: Mapping[int, Sequence[int]], a: int, b: int) -> float:
    return sums[a][b] / (len(members[a]) * len(members[b]))
