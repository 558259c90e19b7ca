"""What an attacker knows of whole numbers: an interval or a set for each cell, and sums that must hold between cells.

`tighten` narrows intervals sum by sum until nothing moves. `Programme` then asks glpsol for the least and the greatest
value of every hidden cell under all sums together.
"""

import collections
import math
import os
import random
import subprocess
import tempfile

INFINITE = 10 ** 9
SLACK = 1e-7


class Contradiction(Exception):
    """No numbers fit: the attacker believes something wrong."""


class Cells:
    def __init__(self):
        self.low, self.high = {}, {}
        self.allowed = {}  # cell -> set of values, where a list of them is known
        self.sums = []     # (low, high, {cell: weight}, why)
        self.of_cell = collections.defaultdict(list)

    def add(self, cell, low=0, high=INFINITE):
        if cell not in self.low:
            self.low[cell], self.high[cell] = 0, INFINITE
        self.narrow(cell, low, high)

    def narrow(self, cell, low, high):
        low, high = max(low, self.low[cell]), min(high, self.high[cell])
        if cell in self.allowed:
            kept = {v for v in self.allowed[cell] if low <= v <= high}
            if not kept:
                raise Contradiction(cell)
            self.allowed[cell] = kept
            low, high = min(kept), max(kept)
        if low > high:
            raise Contradiction(cell)
        moved = (low, high) != (self.low[cell], self.high[cell])
        self.low[cell], self.high[cell] = low, high
        return moved

    def allow(self, cell, values):
        """Only these values are possible."""
        self.add(cell)
        kept = {v for v in values if self.low[cell] <= v <= self.high[cell]}
        if cell in self.allowed:
            kept &= self.allowed[cell]
        if not kept:
            raise Contradiction(cell)
        self.allowed[cell] = kept
        self.low[cell], self.high[cell] = min(kept), max(kept)

    def possible(self, cell, most=5000):
        """The values that a cell may have, at most so many."""
        if cell in self.allowed:
            return sorted(self.allowed[cell])
        return range(self.low[cell], min(self.high[cell], self.low[cell] + most) + 1)

    def add_sum(self, low, high, weights, why=""):
        weights = {cell: w for cell, w in weights.items() if w != 0}
        for cell in weights:
            self.add(cell)
            self.of_cell[cell].append(len(self.sums))
        self.sums.append((low, high, weights, why))

    def tighten(self, cells=None, most=200000):
        """Narrows every interval by every sum it is in, until nothing moves."""
        if cells is None:
            waiting = collections.deque(range(len(self.sums)))
        else:
            waiting = collections.deque(i for cell in cells for i in self.of_cell[cell])
        queued = set(waiting)
        while waiting and most:
            most -= 1
            i = waiting.popleft()
            queued.discard(i)
            for cell in self.tighten_sum(i):
                for other in self.of_cell[cell]:
                    if other not in queued:
                        queued.add(other)
                        waiting.append(other)

    def tighten_sum(self, i):
        low, high, weights, _ = self.sums[i]
        least = sum(w * (self.low[c] if w > 0 else self.high[c]) for c, w in weights.items())
        most = sum(w * (self.high[c] if w > 0 else self.low[c]) for c, w in weights.items())
        moved = []
        for cell, w in weights.items():
            own_least = w * (self.low[cell] if w > 0 else self.high[cell])
            own_most = w * (self.high[cell] if w > 0 else self.low[cell])
            # w * cell lies between what the others leave of low and of high
            ends = [(low - (most - own_most)) / w, (high - (least - own_least)) / w]
            floor, ceiling = min(ends), max(ends)
            if self.narrow(cell, math.ceil(floor - SLACK) if floor > -INFINITE else 0,
                           math.floor(ceiling + SLACK) if ceiling < INFINITE else INFINITE):
                moved.append(cell)
        return moved

    def is_pinned(self, cell):
        return self.low[cell] == self.high[cell]

    def width(self, cell):
        """How many values are left."""
        return len(self.allowed[cell]) if cell in self.allowed else self.high[cell] - self.low[cell] + 1


def bound(low, high):
    """An interval as glpsol's format has it."""
    if low == high:
        return "s %.12g" % low
    if high >= INFINITE:
        return "l %.12g" % low if low > -INFINITE else "f"
    return "d %.12g %.12g" % (low, high) if low > -INFINITE else "u %.12g" % high


class Programme:
    """Bounds of hidden cells under all sums, by linear programmes.

    A programme's solution is one world that fits, so every solution widens what is known to be possible for all cells
    at once; only cells that stay narrow are minimised and maximised one by one, many copies of their part in one call.
    """

    def __init__(self, cells, hidden, seed=1):
        self.cells, self.hidden = cells, [c for c in hidden if not cells.is_pinned(c)]
        self.chance = random.Random(seed)
        self.seen_low = {c: math.inf for c in self.hidden}
        self.seen_high = {c: -math.inf for c in self.hidden}
        self.n_calls = 0
        self.parts = self.split()

    def split(self):
        """Sums that share an open cell, directly or through others: parts that are solved apart."""
        parent = {}

        def find(x):
            while parent[x] != x:
                parent[x] = parent[parent[x]]
                x = parent[x]
            return x

        open_sums = []
        for i, (_, _, weights, _) in enumerate(self.cells.sums):
            free = [c for c in weights if not self.cells.is_pinned(c)]
            if not free:
                continue
            open_sums.append((i, free))
            for c in free:
                parent.setdefault(c, c)
                parent[find(c)] = find(free[0])
        for c in self.hidden:
            parent.setdefault(c, c)
        parts = collections.defaultdict(lambda: ([], []))
        for i, free in open_sums:
            parts[find(free[0])][0].append(i)
        for c in self.hidden:
            parts[find(c)][1].append(c)
        return [(sums, hidden) for sums, hidden in parts.values() if hidden]

    def problem(self, sums, goals):
        """The part's sums once for each goal {cell: weight to minimise}, as glpsol reads it, and the columns."""
        columns, rows, entries = {}, [], []

        def column(cell, copy):
            return columns.setdefault((cell, copy), len(columns) + 1)

        for copy, goal in enumerate(goals):
            entries += [(0, column(cell, copy), w) for cell, w in goal.items()]
            for i in sums:
                low, high, weights, _ = self.cells.sums[i]
                free = [(c, w) for c, w in weights.items() if not self.cells.is_pinned(c)]
                if not free:
                    continue
                fixed = sum(w * self.cells.low[c] for c, w in weights.items() if self.cells.is_pinned(c))
                rows.append(bound(low - fixed, high - fixed))
                entries += [(len(rows), column(c, copy), w) for c, w in free]
        lines = ["p lp min %d %d %d" % (len(rows), len(columns), sum(i > 0 for i, _, _ in entries))]
        lines += ["i %d %s" % (i + 1, text) for i, text in enumerate(rows)]
        lines += ["j %d %s" % (j, bound(self.cells.low[c], self.cells.high[c])) for (c, _), j in columns.items()]
        lines += ["a %d %d %.12g" % entry for entry in entries]
        return "\n".join(lines) + "\ne o f\n", columns

    def solve(self, sums, goals):
        """Values {(cell, copy): value} of a world that fits, or None when there is none."""
        self.n_calls += 1
        text, columns = self.problem(sums, goals)
        with tempfile.TemporaryDirectory(prefix="hestia-attacker-") as folder:
            problem, answer = os.path.join(folder, "problem"), os.path.join(folder, "answer")
            with open(problem, "w", encoding="ascii") as stream:
                stream.write(text)
            done = subprocess.run(["glpsol", "--glp", problem, "--dual", "--write", answer, "--tmlim", "60"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if not os.path.exists(answer):
                raise AssertionError("glpsol: " + done.stdout[-800:] + done.stderr)
            values, is_solved = {}, False
            with open(answer, encoding="ascii") as stream:
                for line in stream:
                    words = line.split()
                    if words[:2] == ["s", "bas"]:
                        is_solved = words[4:6] == ["f", "f"]
                    elif words and words[0] == "j":
                        values[int(words[1])] = float(words[3])
        return {key: values[j] for key, j in columns.items()} if is_solved else None

    def note(self, values):
        for (cell, _), value in values.items():
            if cell in self.seen_low:
                self.seen_low[cell] = min(self.seen_low[cell], value)
                self.seen_high[cell] = max(self.seen_high[cell], value)

    def wide_enough(self, cell, wanted):
        """True when `wanted` whole numbers are known to lie between the least and greatest seen."""
        if self.seen_low[cell] > self.seen_high[cell]:
            return False
        return math.floor(self.seen_high[cell] + 1e-6) - math.ceil(self.seen_low[cell] - 1e-6) + 1 >= wanted

    def run(self, wanted=3, tries=12, rows=600):
        """Intervals of cells with fewer than `wanted` values left, exact; others are noted as wide enough."""
        for sums, hidden in self.parts:
            if not sums:
                for c in hidden:
                    self.seen_low[c], self.seen_high[c] = self.cells.low[c], self.cells.high[c]
                continue
            for _ in range(tries):
                goal = {c: self.chance.choice((-1, 1)) * self.chance.uniform(0.5, 2) for c in hidden
                        if not self.wide_enough(c, wanted)}
                # an open end would let the goal run away
                goal = {c: w if w > 0 or self.cells.high[c] < INFINITE else -w for c, w in goal.items()}
                for sign in (1, -1):
                    signed = {c: sign * w for c, w in goal.items() if sign * w > 0 or self.cells.high[c] < INFINITE}
                    if signed:
                        values = self.solve(sums, [signed])
                        if values is None:
                            raise Contradiction("the sums of %s" % (hidden[0],))
                        self.note(values)
            narrow = [c for c in hidden if not self.wide_enough(c, wanted)]
            goals = [{c: sign} for c in narrow for sign in (1, -1) if sign == 1 or self.cells.high[c] < INFINITE]
            copies = max(1, rows // len(sums))  # larger programmes take longer than several small ones
            for start in range(0, len(goals), copies):
                if all(self.wide_enough(next(iter(goal)), wanted) for goal in goals[start:start + copies]):
                    continue  # seen to be wide on the way to others
                values = self.solve(sums, goals[start:start + copies])
                if values is None:
                    raise Contradiction("the sums of %s" % (narrow[0],))
                self.note(values)
            for c in narrow:
                high = self.seen_high[c] if self.cells.high[c] < INFINITE else INFINITE
                self.cells.narrow(c, math.ceil(self.seen_low[c] - 1e-6), math.floor(high + 1e-6))
