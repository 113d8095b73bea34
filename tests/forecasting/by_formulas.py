"""The same forecast by another road: deal by deal, from the formulas, without tables, cells or classes.

`facts[j]` is what is known of window j: {"open": [(stage, band, amount, won, final)], "late": [amounts of deals that were
created and won after the origin], "early": [amounts won before it], "inflow": number of deals created before it}.
"""

from __future__ import annotations

import math
from functools import wraps
from itertools import product
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


@_once
def told_apart(facts, j, apart=1):
    """The large deals of window j, as (amount, chance), and mean and variance of all that is beside them: each deal by
    itself, taken out from the largest on, while it is larger than two standard deviations of what is left."""
    name, m, v = way(facts, j, apart)
    if name == "usual_rest":
        return [], m, v
    m, _, o, n = pipeline_way(facts, j, apart)
    w = learn(j, apart)
    sizes = [a for i in w for a in facts[i]["late"]] + [d[4] for i in w for d in facts[i]["open"] if d[3]]
    vn = n * sum(a * a for a in sizes) / sum(sizes) if sum(sizes) else 0
    deals = sorted(((d[2], chance(facts, j, d[0], d[1], apart)) for d in facts[j]["open"]), reverse=True)
    expected = sum(a * p for a, p in deals)
    c = o / expected if expected else 1

    def beside(left):
        mean_left = c * sum(a * p for a, p in left) + n
        own = c * c * sum(a * a * p * (1 - p) for a, p in left)
        return mean_left, own + vn + mean_left**2 / max(len(sizes), 1)

    large = []
    while len(large) < min(10, len(deals)):
        amount, p = deals[len(large)]
        if c * amount <= 2 * beside(deals[len(large) + 1 :])[1] ** 0.5:
            break
        large.append((c * amount, p))
    return large, *beside(deals[len(large) :])


def cases_of(large):
    """What large deals bring in each of the cases that there are, with its chance."""
    for won in product((False, True), repeat=len(large)):
        amounts = [amount for (amount, _), is_won in zip(large, won, strict=True) if is_won]
        yield sum(amounts), math.prod(p if is_won else 1 - p for (_, p), is_won in zip(large, won, strict=True))


def reaches(large, m, v, t, x):
    """The chance that the rest reaches x."""
    normal = NormalDist()
    return sum(w * (1 - normal.cdf(z_score(x - a, m, v) * 1.2816 / t) if x > a else 1) for a, w in cases_of(large))


@_once
def missed_by(facts, i, apart=1):
    """By how much the rest of a tested window missed: z and r squared."""
    large, m, v = told_apart(facts, i, apart)
    rest = rest_of(facts, i)
    if not large:
        return max(-4, min(4, z_score(rest, m, v))), min(4, ((rest - m) / m) ** 2)
    end = NormalDist().cdf(-4)
    z = NormalDist().inv_cdf(min(max(1 - reaches(large, m, v, 1.2816, rest), end), 1 - end))
    fits = [
        (w * math.exp(-(z_score(max(rest - a, 0), m, v) ** 2) / 2), min(4, ((rest - a - m) / m) ** 2))
        for a, w in cases_of(large)
    ]
    return z, sum(w * r for w, r in fits) / sum(w for w, _ in fits)


@_once
def spread(facts, j, apart=1):
    """The large deals, m and v' of what is beside them, and t."""
    large, m, v = told_apart(facts, j, apart)
    tests = [missed_by(facts, i, apart) for i in places_tested(j, apart)]
    newest = (tests[-1][0] ** 2 + tests[-2][0] ** 2) / 2 if len(tests) > 1 else 0
    wide = v * max(1, newest, (4 + sum(z * z for z, _ in tests)) / (4 + len(tests)))
    if tests:
        wide = max(wide, m * m * mean(r for _, r in tests))
    t = T90[4 + len(tests)]
    # With s = sqrt(v) / m the upper end is m (1 - s²/9 + t s/3)³, which is largest where its derivative, t/3 - 2s/9, is 0.
    return large, m, min(wide, m * m * (t / 3 * 9 / 2) ** 2), t


def band(facts, j, apart=1):
    """Low, point and high of window j."""
    large, m, v, t = spread(facts, j, apart)
    k, so = m * m / v, sum(facts[j]["early"])

    def quantile(z):
        return m * max(0, 1 - 1 / (9 * k) + z / (3 * math.sqrt(k))) ** 3

    if not large:
        return so + quantile(-t), so + m, so + max(m, min(quantile(t), m + 1.6 * t * math.sqrt(v)))
    point = m + sum(a * p for a, p in large)

    def reached_by(share):
        low, high = 0.0, sum(a for a, _ in large) + m + 20 * math.sqrt(v)
        for _ in range(50):
            at = (low + high) / 2
            low, high = (at, high) if reaches(large, m, v, t, at) > share else (low, at)
        return low

    return so + min(point, reached_by(0.9)), so + point, so + max(point, reached_by(0.1))


def any_large(facts, j, apart=1):
    """Whether large deals are told apart in a window or in those that it is tested on."""
    return any(told_apart(facts, i, apart)[0] for i in (*places_tested(j, apart), j))


def goal_chance(facts, j, goal, apart=1):
    large, m, v, t = spread(facts, j, apart)
    so = sum(facts[j]["early"])
    return 1 if goal <= so else reaches(large, m, v, t, goal - so)


def rule(facts, j, name, apart=1, per_year=12):
    if name == "last_quarter" and apart > 1:  # quarters that begin with every month
        return None
    four = [apart * n for n in (1, 2, 3, 4)]
    back = {"last": [apart], "mean_of_four": four, "last_year": [per_year], "last_quarter": [3]}[name]
    if max(back) > j:
        return None
    return max(mean(result_of(facts, j - b) for b in back), sum(facts[j]["early"]))
