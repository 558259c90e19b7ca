"""Two releases of consecutive nights read together: what came is cumulative, so no count can have fallen."""

from attacker_cells import Cells
from attacker_reader import Attack, read


class Nights:
    """Cells of both nights, (night, cell): each with what its own release says, and what came between."""

    def __init__(self, folders, public, **how):
        self.attacks = [Attack(folder, public, **how) for folder in folders]
        self.cells, self.hidden = Cells(), set()
        for night, attack in enumerate(self.attacks):
            for cell in attack.cells.low:
                self.cells.add((night, cell), attack.cells.low[cell], attack.cells.high[cell])
                if cell in attack.cells.allowed:
                    self.cells.allow((night, cell), attack.cells.allowed[cell])
            for low, high, weights, why in attack.cells.sums:
                self.cells.add_sum(low, high, {(night, c): w for c, w in weights.items()}, why)
            self.hidden |= {(night, c) for c in attack.hidden}
        came = self.most_rows(1) - self.least_rows(0)
        for cell in self.attacks[0].cells.low:
            # sums and days of stays are no counts of rows
            if cell in self.attacks[1].cells.low and cell[0] in set(public.families.values()):
                self.cells.add_sum(0, came, {(1, cell): 1, (0, cell): -1}, "what came")
        self.cells.tighten()
        self.use_growth_of_rates()
        self.cells.tighten()

    def use_growth_of_rates(self):
        """Rates of the same expected number grow as their events do. England's are not controlled by the rule."""
        first, second = ({(a.cell(row), row["statistic"]): a.printed(row)[0] for row in a.results
                          if row["statistic"] in ("isr", "smr", "crude_rate") and not a.is_england(row["area_code"])} for a in self.attacks)
        for (cell, statistic), before in first.items():
            after = second.get((cell, statistic))
            if before and after and before[0] > 0:
                events = self.cells.low[0, cell], self.cells.high[0, cell]
                least, most = after[0] / before[1] - 1, after[1] / before[0] - 1
                ends = [growth * n for growth in (least, most) for n in events]
                self.cells.add_sum(min(ends), max(ends), {(1, cell): 1, (0, cell): -1}, "growth of a rate")

    def rows_read(self, night):
        """Each file's interval."""
        attack = self.attacks[night]
        return [attack.interval(row["n"], attack.is_exact, True) for row in read(attack.folder, "audit.csv")
                if row["stage"] == "ingest" and row["reason"] == "read"]

    def least_rows(self, night):
        return sum(low for low, _ in self.rows_read(night))

    def most_rows(self, night):
        return sum(high for _, high in self.rows_read(night))
