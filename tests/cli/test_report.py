"""report.html of a whole run, read by a parser of its own: nothing of it loads or runs anything else, its numbers are those of the
tables beside it, hidden ones stay hidden, and the bytes repeat. What a browser makes of it is tested in tests/web/.

    python3 tests/cli/test_report.py HESTIA SOURCES
"""

import base64
import csv
import hashlib
import html.parser
import json
import math
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = SOURCES = ""

ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
MEGABYTE = 1 << 20


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stderr


class Page(html.parser.HTMLParser):
    """Elements with their attributes, and what stands inside scripts and the title."""

    def __init__(self, path):
        super().__init__()
        with open(path, encoding="utf-8", newline="") as stream:
            self.text = stream.read()
        self.elements, self.scripts, self.data, self.title, self.inside = [], [], None, "", None
        self.feed(self.text)
        self.close()
        self.data = json.loads(self.data)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = (tag, dict(attrs))

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        tag, attributes = self.inside or ("", {})
        if tag == "script" and attributes.get("type") == "application/json":
            self.data = (self.data or "") + data
        elif tag == "script":
            self.scripts.append(data)
        elif tag == "title":
            self.title += data

    def policy(self):
        for tag, attributes in self.elements:
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy":
                return dict(part.strip().partition(" ")[::2] for part in attributes["content"].split(";"))
        return None

    def rows(self, table):
        block = self.data["tables"][table]
        return [dict(zip(block["columns"], row)) for row in block["rows"]]


def as_csv(value):
    """A cell of the JSON as the CSV file writes it."""
    if value is None:
        return ""
    if isinstance(value, float) and math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return value if isinstance(value, str) else f"{value:.15g}"


class Libraries(unittest.TestCase):
    def test_lock_file_names_contents_and_no_places(self):
        with open(os.path.join(SOURCES, "publish/report/package-lock.json"), encoding="utf-8") as stream:
            lock = stream.read()
        self.assertNotIn("://", lock)
        packages = json.loads(lock)["packages"]
        for name, package in packages.items():
            self.assertEqual("integrity" in package, name != "", name)
        with open(os.path.join(SOURCES, "publish/report/licences.txt"), encoding="utf-8") as stream:
            listed = [line.split(" | ") for line in stream if " | " in line]
        for name, version, part_of, licence, _ in listed[1:]:
            package = packages["node_modules/" + name]
            self.assertEqual(version, package["version"] if part_of == "" else "", name)
            self.assertEqual(licence.split(",")[0], package["license"], name)


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="hestia-report-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        run("synth", cls.top, "--study", "long-term-conditions", "--datasets", "apc,op", "--years", "2008-2010", "--people", "20000",
            "--areas", "8", "--quiet")
        cls.study = os.path.join(cls.top, "study.yaml")
        cls.edit(cls.study, [(r"(?m)^title: .*$", f"title: 'Care <b>\"& {ATTACK}'"),
                             (r"(?m)^  formats: .*$", "  formats: [csv, html]"),
                             (r"(?m)^  disclosure: .*$", "  disclosure: hes2018"),
                             (r"(?m)^  internal: .*\n", ""), (r"(?m)^publish:$", "publish:\n  internal: true"),
                             (r"title: Wirral Memory Assessment Service", f"title: 'Memory {ATTACK}'")])
        cls.edit(os.path.join(cls.top, "pct_names.csv"), [(r"(?m)^5NK,.*$", f'5NK,"Wirral {ATTACK}"')])
        cls.edit(os.path.join(cls.top, "providers.csv"), [(r"(?m)^RD1,.*$", f'RD1,"Bath {ATTACK}"')])
        run("run", cls.study, "--no-progress")
        cls.latest = os.path.join(cls.top, "results/latest")
        cls.internal = Page(os.path.join(cls.latest, "internal/report.html"))
        cls.release = Page(os.path.join(cls.latest, "release/report.html"))
        cls.pages = (("internal", cls.internal), ("release", cls.release))

    @staticmethod
    def edit(path, changes):
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        for pattern, new in changes:
            text = re.sub(pattern, lambda _: new, text)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)

    def table(self, folder, name):
        with open(os.path.join(self.latest, folder, name + ".csv"), newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def test_policy_lets_nothing_in(self):
        for folder, page in self.pages:
            with self.subTest(folder):
                policy = page.policy()
                self.assertEqual(policy["default-src"], "'none'")
                self.assertEqual(policy["base-uri"], "'none'")
                self.assertEqual(policy["form-action"], "'none'")
                self.assertNotIn("connect-src", policy)
                self.assertNotIn("http", " ".join(policy.values()))
                self.assertNotIn("unsafe", policy["script-src"])
                hashes = ["'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
                          for script in page.scripts]
                self.assertEqual(policy["script-src"].split(), hashes)

    def test_nothing_is_loaded(self):
        for folder, page in self.pages:
            with self.subTest(folder):
                for tag, attributes in page.elements:
                    self.assertNotIn(tag, {"link", "img", "iframe", "object", "embed", "base", "form", "image"}, attributes)
                    self.assertNotIn("src", attributes, tag)
                    self.assertTrue(attributes.get("href", "#").startswith("#"), attributes)
                    self.assertEqual([name for name in attributes if name.startswith("on")], [], tag)

    def test_hostile_texts_stay_texts(self):
        for folder, page in self.pages:
            with self.subTest(folder):
                self.assertEqual(page.title, f"Care <b>\"& {ATTACK}")
                self.assertEqual(page.data["study"]["title"], page.title)
                names = {site["code"]: site["name"] for site in page.data["study"]["sites"]}
                self.assertEqual(names["5NK"], f"Wirral {ATTACK}")
                self.assertIn(f"Memory {ATTACK}", [service["title"] for service in page.data["services"]])
                self.assertNotIn("<script>alert", page.text)
                self.assertNotIn("<img", page.text.partition("<script>")[0])

    def test_size(self):
        for folder, page in self.pages:
            self.assertLess(len(page.text), 4 * MEGABYTE, folder)

    def test_tables_are_those_of_the_files(self):
        whole = {"site-review", "impact", "sensitivity", "counterfactual", "reported", "reconcile", "areas"}
        for folder, page in self.pages:
            for name in page.data["tables"]:
                with self.subTest(folder, table=name):
                    shown = [{key: as_csv(value) for key, value in row.items()} for row in page.rows(name)]
                    rows = self.table(folder, name)
                    if name in whole:
                        self.assertEqual(shown, rows)
                        continue
                    left = iter(rows)  # those shown are some of them, in their order
                    for row in shown:
                        self.assertTrue(any(row == other for other in left), row)

    def test_texts_are_texts_and_numbers_numbers(self):
        numbers = {"total_count", "total_pop", "value", "lowercl", "uppercl", "lower998", "upper998", "suppressed",
                   "comparator_value", "incomplete"}
        for row in self.release.rows("results"):
            for key, value in row.items():
                self.assertIsInstance(value, (int, float, type(None)) if key in numbers else str, (key, row))

    def test_sites_and_comparators_are_whole(self):
        for folder, page in self.pages:
            with self.subTest(folder):
                def wanted(row):
                    return row["area_role"] != "other" and row["split"] == ""
                self.assertEqual(sum(map(wanted, page.rows("results"))), sum(map(wanted, self.table(folder, "results"))))
                splits = [row for row in page.rows("results") if row["split"]]
                self.assertEqual({row["area_role"] for row in splits}, {"site"})
                self.assertEqual(len(splits), sum(row["area_role"] == "site" and row["split"] != ""
                                                  for row in self.table(folder, "results")))
                others = [row for row in page.rows("results") if row["area_role"] == "other"]
                self.assertEqual({row["split"] for row in others}, {""})
                for measure in {row["measure"] for row in others}:
                    rows = [row for row in others if row["measure"] == measure]
                    self.assertEqual(len({row["period"] for row in rows}), 1, measure)
                    self.assertEqual({row["incomplete"] for row in rows}, {0})

    def test_hidden_numbers_are_in_no_chart(self):
        data = self.release.data
        self.assertGreater(data["study"]["disclosure"]["small"], 0)
        shown = [(chart["measure"], chart["area_code"], point["period"], point["value"]) for chart in data["spc"]
                 for point in chart["points"]]
        shown += [(funnel["measure"], point["area_code"], funnel["period"], point["value"]) for funnel in data["funnel"]
                  for point in funnel["points"]]
        self.assertGreater(len(shown), 50)
        released = {(row["measure"], row["area_code"], row["period"], row["statistic"]): row["value"]
                    for row in self.table("release", "results") if row["split"] == ""}
        statistic = {measure["id"]: measure["statistic"] for measure in data["measures"]}
        self.assertIn("", [released[measure, area, period, statistic[measure]] for measure, area, period, _ in shown])
        for measure, area, period, value in shown:
            self.assertEqual(as_csv(value), released[measure, area, period, statistic[measure]], (measure, area, period))

    def test_lines_are_those_of_the_services(self):
        slopes = {(row["impact"], row["site_code"], row["measure"]): row for row in self.table("internal", "impact")
                  if row["method"] == "trend" and row["term"] == "slope" and row["refused"] == "0"}
        lines = {(line["impact"], line["area_code"], line["measure"]): line for line in self.internal.data["trend"]
                 if line["impact"] and line["slope"] is not None}
        self.assertEqual(set(lines), set(slopes))
        self.assertGreater(len(lines), 0)
        for key, line in lines.items():
            self.assertEqual([as_csv(line[name]) for name in ("slope", "slope_lowercl", "slope_uppercl", "p")],
                             [slopes[key][name] for name in ("estimate", "lowercl", "uppercl", "p")])

    def test_release_is_said_to_be_one(self):
        internal, release = self.internal.data["study"], self.release.data["study"]
        self.assertEqual((internal["is_release"], internal["disclosure"]), (False, None))
        self.assertTrue(release["is_release"])
        self.assertEqual((release["disclosure"]["rule"], release["disclosure"]["min"]), ("hes2018", 8))
        path = os.path.join(self.latest, "internal/report.html")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(os.path.join(self.latest, "report.html"), encoding="utf-8", newline="") as stream:
            self.assertEqual(stream.read(), self.release.text)  # at the top of the run, too

    def test_the_same_bytes(self):
        other = os.path.join(self.top, "again")
        run("run", self.study, "--out", other, "--threads", "1", "--no-progress")
        for folder, page in self.pages:
            with open(os.path.join(other, "latest", folder, "report.html"), encoding="utf-8", newline="") as stream:
                self.assertEqual(stream.read(), page.text, folder)


if __name__ == "__main__":
    PROGRAM, SOURCES = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
    unittest.main()
