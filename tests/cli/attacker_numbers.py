"""Whole numbers out of printed ones: which counts could stand behind a rate and its limits, a mean, a percentage.

Every function takes an interval for each printed number, as wide as its rounding, and keeps the counts that fit all.
"""

import functools
import math

Z = 1.959963984540054


class Digits:
    """How released values are rounded; 15 digits when they are not."""

    def __init__(self, decimals=None):
        self.decimals = decimals

    def half(self, value):
        size = abs(value)
        if size == 0:
            return 1e-12 if self.decimals is None else 0.5 * 10.0 ** -(self.decimals + 2)
        exponent = math.floor(math.log10(size) + 1e-12)
        if self.decimals is None:
            return 0.5 * 10.0 ** (exponent - 14)
        if size >= 10:
            return 0.5 * 10.0 ** -self.decimals
        return 0.5 * 10.0 ** (exponent - 2)

    def interval(self, text):
        """Where the number was before it was printed; None for an empty cell."""
        if text in ("", None):
            return None
        value = float(text)
        half = self.half(value) * (1 + 1e-6) + abs(value) * 1e-14
        return value - half, value + half


def fits(interval, value):
    return interval is None or interval[0] <= value <= interval[1]


def has_whole(low, high):
    return math.ceil(low - 1e-9) <= math.floor(high + 1e-9)


# ---- limits of counts ----------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def byar(n):
    low = 0.0 if n == 0 else n * (1 - 1 / (9 * n) - Z / (3 * math.sqrt(n))) ** 3
    m = n + 1
    return low, m * (1 - 1 / (9 * m) + Z / (3 * math.sqrt(m))) ** 3


def poisson_below(n, mean):
    """P(X <= n)."""
    return sum(math.exp(-mean + i * math.log(mean) - math.lgamma(i + 1)) for i in range(n + 1)) if mean > 0 else 1.0


def solve(function, low, high):
    """Where an increasing function is 0."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return (low + high) / 2


@functools.lru_cache(maxsize=None)
def exact_or_byar(n):
    """Exact limits below 10 events, Byar's from 10."""
    if n >= 10:
        return byar(n)
    low = 0.0 if n == 0 else solve(lambda m: 1 - poisson_below(n - 1, m) - 0.025, 0.0, 60.0)
    return low, solve(lambda m: 0.025 - poisson_below(n, m), 0.0, 60.0)


def meet(*intervals):
    low, high = max(i[0] for i in intervals), min(i[1] for i in intervals)
    return (low, high) if low <= high else None


def over(interval, factor):
    """The interval that times `factor` (above 0) is this one."""
    return (interval[0] / factor, interval[1] / factor)


def counts_of_ratio(value, lower, upper, counts):
    """Dobson's limits with Byar's: value - s (n - low(n)), value + s (high(n) - n) for some s > 0."""
    kept = set()
    for n in counts:
        low, high = byar(n)
        scales = meet((0.0, math.inf),
                      over((upper[0] - value[1], upper[1] - value[0]), high - n),
                      over((value[0] - lower[1], value[1] - lower[0]), n - low) if n > low else (0.0, math.inf),
                      over((upper[0] - lower[1], upper[1] - lower[0]), high - low))
        if scales:
            kept.add(n)
    return kept


def counts_of_multiple(value, lower, upper, counts, factor=None):
    """Limits that are those of the count times one factor, known (a population) or not (expected events)."""
    kept = set()
    for n in counts:
        if n == 0 and factor is None:
            kept.add(n)
            continue
        low, high = exact_or_byar(n)
        ends = [over(i, x) for i, x in ((value, n), (lower, low), (upper, high)) if i and x > 0]
        if factor is not None:
            ends.append((factor * (1 - 1e-9), factor * (1 + 1e-9)))
        if meet((0.0, math.inf), *ends):
            kept.add(n)
    return kept


def counts_of_strata(value, lower, upper, counts, weights):
    """A direct rate of few strata: the events of each give the value and the variance; `weights` are for one event."""
    kept = set()
    for n in counts:
        low, high = byar(n)
        for events in compositions(n, len(weights)):
            rate = sum(w * x for w, x in zip(weights, events))
            if not fits(value, rate):
                continue
            scale = math.sqrt(sum(w * w * x for w, x in zip(weights, events)) / n) if n else 0.0
            if fits(upper, rate + scale * (high - n)) and fits(lower, rate - scale * (n - low)):
                kept.add(n)
                break
    return kept


def compositions(n, parts):
    if parts == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in compositions(n - first, parts - 1):
            yield (first,) + rest


# ---- means and quantiles of whole days -----------------------------------------------------------


@functools.lru_cache(maxsize=None)
def student(df):
    """The 97.5 % quantile of Student's t: from Hill's series where many, else by the integral of its density."""
    if df > 30:
        terms = ((Z ** 3 + Z) / 4, (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96,
                 (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384)
        return Z + sum(term / df ** (i + 1) for i, term in enumerate(terms))

    def below(t):
        # Simpson's rule over the density from 0
        n, total = 200, 0.0
        front = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
        for i in range(n + 1):
            x = t * i / n
            total += (1 if i in (0, n) else 4 if i % 2 else 2) * front * (1 + x * x / df) ** (-(df + 1) / 2)
        return 0.5 + total * t / n / 3 - 0.975
    return solve(below, 0.0, 20.0 if df > 1 else 14.0)


def is_mean(n, mean, lower, upper, days):
    """Whether n whole numbers could have this mean, these limits and a sum in `days` (None: any)."""
    for k in range(math.ceil(n * mean[0] - 1e-9), math.floor(n * mean[1] + 1e-9) + 1):
        if days is not None and k not in days:
            continue
        if not lower or not upper or n < 3:
            return True
        half = ((upper[0] - lower[1]) / 2, (upper[1] - lower[0]) / 2)
        squares = [(h / student(n - 1)) ** 2 * n * (n - 1) + k * k / n for h in (max(half[0], 0.0), half[1])]
        first = math.ceil(squares[0] - 1e-6)
        first += (first - k) % 2  # a sum and its sum of squares are odd together
        if first <= squares[1] + 1e-6:
            return True
    return False


def is_quantile(n, p, value):
    """Whether a quantile of type 7 of n whole numbers can be printed so."""
    fraction = (n - 1) * p % 1
    if fraction < 1e-9 or fraction > 1 - 1e-9:
        return has_whole(*value)
    return any(has_whole(value[0] - fraction * d, value[1] - fraction * d)
               for d in range(int(value[1] / fraction) + 2))


QUANTILES = {"median_los": 0.5, "q1_los": 0.25, "q3_los": 0.75, "p90_los": 0.9}


def counts_of_stays(rows, counts, days=None):
    """`rows`: statistic -> (value, lower, upper) of one area and period; `days`: possible sums, or None."""
    kept = set()
    for n in counts:
        if n == 0:
            if not any(value for value, _, _ in rows.values()):
                kept.add(n)
            continue
        good = True
        for statistic, (value, lower, upper) in rows.items():
            if not value:
                continue
            if statistic == "mean_los":
                good = is_mean(n, value, lower, upper, days)
            elif statistic == "trimmed_mean_los":
                m = n - 2 * math.floor(0.05 * n)
                good = has_whole(m * value[0], m * value[1])
            elif statistic in QUANTILES:
                good = is_quantile(n, QUANTILES[statistic], value)
            if not good:
                break
        if good:
            kept.add(n)
    return kept


# ---- shares --------------------------------------------------------------------------------------


def wilson(x, n):
    p, z2 = x / n, Z * Z
    centre, half = p + z2 / (2 * n), Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)


def pairs_of_share(value, lower, upper, parts, wholes, per=100):
    """(x, n) that a percentage with Wilson's limits fits."""
    found = set()
    for n in wholes:
        if n == 0:
            continue
        for x in range(max(0, math.floor(value[0] * n / per) - 1), math.ceil(value[1] * n / per) + 2):
            if x in parts and x <= n and fits(value, per * x / n):
                low, high = wilson(x, n)
                if fits(lower, per * low) and fits(upper, per * high):
                    found.add((x, n))
    return found


def pairs_of_ratio(value, tops, bottoms, per=1.0):
    """(x, y) with per * x / y inside the interval."""
    return {(x, y) for y in bottoms if y for x in tops if fits(value, per * x / y)}
