"""The same forecast by another road: deal by deal, from the formulas, without tables, cells or classes.

`facts[j]` is what is known of window j: {"open": [(stage, band, amount, won, final)], "late": [amounts of deals that were
created and won after the origin], "early": [amounts won before it], "inflow": number of deals created before it}.
"""

from __future__ import annotations

import math
from functools import wraps
from statistics import NormalDist, mean, variance

T90 = {
    4: 1.5332,
    5: 1.4759,
    6: 1.4398,
    7: 1.4149,
    8: 1.3968,
    9: 1.3830,
    10: 1.3722,
    11: 1.3634,
    12: 1.3562,
    13: 1.3502,
    14: 1.3450,
    15: 1.3406,
    16: 1.3368,
}


def _once(function):
    """The same answer for the same question: facts are kept, so that their ids stay their own."""
    known = {}

    @wraps(function)
    def asked(facts, *args):
        key = (id(facts), *args)
        if key not in known:
            known[key] = (function(facts, *args), facts)
        return known[key][0]

    return asked


def past(j, apart=1):
    """The windows before j."""
    return [i for i in range(j) if i <= j - apart]


def learn(j, apart=1):
    return past(j, apart)[-12:]


def places_tested(j, apart=1):
    return [i for i in past(j, apart) if len(past(i, apart)) >= 3][-12:]


def rest_of(facts, j):
    return sum(final for *_, won, final in facts[j]["open"] if won) + sum(facts[j]["late"])


def result_of(facts, j):
    return rest_of(facts, j) + sum(facts[j]["early"])


@_once
def chance(facts, j, stage, band, apart=1):
    """p_sb: by counting the deals of all windows, for each deal anew."""
    deals = [deal for i in learn(j, apart) for deal in facts[i]["open"]]
    p0 = (sum(d[3] for d in deals) + 0.5) / (len(deals) + 5)
    of_stage = [d for d in deals if d[0] == stage]
    ps = (sum(d[3] for d in of_stage) + 10 * p0) / (len(of_stage) + 10)
    of_cell = [d for d in of_stage if d[1] == band]
    return (sum(d[3] for d in of_cell) + 10 * ps) / (len(of_cell) + 10)


@_once
def pipeline_way(facts, j, apart=1):
    w = learn(j, apart)
    known = {}

    def p(stage, band):
        if (stage, band) not in known:
            known[stage, band] = chance(facts, j, stage, band, apart)
        return known[stage, band]

    wins = sum(d[3] for i in w for d in facts[i]["open"])
    f = sum(d[4] for i in w for d in facts[i]["open"] if d[3])
    d_ = sum(d[2] * p(d[0], d[1]) for i in w for d in facts[i]["open"])
    if wins and d_:
        q = 40 * d_ / wins
        c = min(max((f + q) / (d_ + q), 0.5), 2)
    else:
        c = 1
    o = c * sum(d[2] * p(d[0], d[1]) for d in facts[j]["open"])
    vo = c**2 * sum(d[2] ** 2 * p(d[0], d[1]) * (1 - p(d[0], d[1])) for d in facts[j]["open"])
    g = {i: min(max((facts[j]["inflow"] + 3) / (facts[i]["inflow"] + 3), 0.5), 2) for i in w}
    n = mean(sum(facts[i]["late"]) * g[i] for i in w)
    sizes = [a for i in w for a in facts[i]["late"]] + [d[4] for i in w for d in facts[i]["open"] if d[3]]
    vn = n * sum(a * a for a in sizes) / sum(sizes) if sum(sizes) else 0
    m = o + n
    return m, vo + vn + m * m / max(len(sizes), 1), o, n


@_once
def usual_way(facts, j, apart=1):
    r = [rest_of(facts, i) for i in learn(j, apart)]
    return mean(r[-4:]), variance(r[-8:]) * 1.25


@_once
def way(facts, j, apart=1):
    """The name of the way, m and v."""
    tests = places_tested(j, apart)
    first = sum(abs(pipeline_way(facts, i, apart)[0] - rest_of(facts, i)) for i in tests)
    second = sum(abs(usual_way(facts, i, apart)[0] - rest_of(facts, i)) for i in tests)
    if len(tests) >= 4 and second * 1.05 < first:
        return ("usual_rest", *usual_way(facts, j, apart))
    return ("from_pipeline", *pipeline_way(facts, j, apart)[:2])


def z_score(x, m, v):
    k = m * m / v
    return 3 * k**0.5 * ((x / m) ** (1 / 3) - 1 + 1 / (9 * k))


def spread(facts, j, apart=1):
    """m, v' and t."""
    _, m, v = way(facts, j, apart)
    tests = places_tested(j, apart)
    z, r = [], []
    for i in tests:
        _, mi, vi = way(facts, i, apart)
        z.append(max(-4, min(4, z_score(rest_of(facts, i), mi, vi))))
        r.append(min(4, ((rest_of(facts, i) - mi) / mi) ** 2))
    wide = v * max(1, (4 + sum(x * x for x in z)) / (4 + len(z)))
    if r:
        wide = max(wide, m * m * mean(r))
    return m, wide, T90[4 + len(tests)]


def band(facts, j, apart=1):
    """Low, point and high of window j."""
    m, v, t = spread(facts, j, apart)
    k, so = m * m / v, sum(facts[j]["early"])

    def quantile(z):
        return m * max(0, 1 - 1 / (9 * k) + z / (3 * math.sqrt(k))) ** 3

    return so + quantile(-t), so + m, so + max(m, min(quantile(t), m + 1.6 * t * math.sqrt(v)))


def goal_chance(facts, j, goal, apart=1):
    m, v, t = spread(facts, j, apart)
    so = sum(facts[j]["early"])
    if goal <= so:
        return 1
    return 1 - NormalDist().cdf(z_score(goal - so, m, v) * 1.2816 / t)


def rule(facts, j, name, apart=1, per_year=12):
    if name == "last_quarter" and apart > 1:  # quarters that begin with every month
        return None
    four = [apart * n for n in (1, 2, 3, 4)]
    back = {"last": [apart], "mean_of_four": four, "last_year": [per_year], "last_quarter": [3]}[name]
    if max(back) > j:
        return None
    return max(mean(result_of(facts, j - b) for b in back), sum(facts[j]["early"]))
