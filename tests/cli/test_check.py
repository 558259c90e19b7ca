"""hestia check: what it says of a study and of extracts, its exit codes, and that it writes nothing.

    python3 tests/cli/test_check.py HESTIA
"""

import os
import shutil
import sys
import tempfile
import unittest

from check_support import HEADER, listing, row, run, write_extract, write_place, write_population, write_text

PROGRAM = ""


class Place(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hestia-check-")
        self.addCleanup(shutil.rmtree, self.folder)
        write_place(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def edit_study(self, old, new):
        with open(self.path("study.yaml")) as stream:
            text = stream.read()
        self.assertIn(old, text)
        write_text(self.path("study.yaml"), text.replace(old, new))

    def check(self, expected_code, *arguments):
        """Runs check, which must leave every file as it is."""
        before = listing(self.folder)
        result = run(PROGRAM, "check", *(arguments or [self.path("study.yaml")]))
        self.assertEqual(result.returncode, expected_code, result.stdout + result.stderr)
        self.assertEqual(before, listing(self.folder))
        self.assertNotIn("SECRET", result.stdout + result.stderr)
        return result


class CheckOfAStudy(Place):
    def test_says_what_a_run_would_do(self):
        said = self.check(0).stdout
        for words in ["Study first-look: A first look", "period 2008-04-01 to 2010-03-31", "(a run will make it)",
                      "Files: 2, person identifier PSEUDO_HESID", "apc_2008.csv.gz: ", "comma, ascii, 22 columns",
                      "data year 2008/09 final", "person column PSEUDO_HESID", "area column RESPCT", "; to be read",
                      "Areas: type pct, 2 of the names file; 1 site", "site 5J6 Calderdale", "comparator England: 2 areas",
                      "standard esp2013, 19 bands", "2008: complete for 2 areas", "2009: complete for 2 areas",
                      "emergency (dsr, limits dobson-byar, split by none)", "8 quarters: 2008/09 Q1 to 2009/10 Q4",
                      "2 years: 2008/09 to 2009/10", "A run would read 2 files", "without disclosure control"]:
            self.assertIn(words, said)

    def test_says_when_the_preferred_area_column_is_empty(self):
        self.assertIn("area column RESPCT06 (EMPTY in its first 60 rows", self.check(0).stdout)
        self.edit_study("areas: {", "areas: {field: RESPCT_HIS, ")
        self.assertIn("area column RESPCT_HIS; ", self.check(0).stdout)

    def test_says_what_is_in_the_store(self):
        self.edit_study("areas: {", "areas: {field: RESPCT_HIS, ")
        done = run(PROGRAM, "run", self.path("study.yaml"))
        self.assertEqual(done.returncode, 0, done.stderr)
        said = self.check(0).stdout
        self.assertEqual(said.count("; in the store"), 2)
        self.assertIn("A run would read 0 files (0 bytes), reuse 2", said)
        write_extract(self.path("extracts/apc_2010.csv.gz"), [row(1, 2010)])
        self.assertIn("A run would read 1 file (", self.check(0).stdout)

    def test_says_which_populations_are_missing(self):
        write_population(self.path("population.csv"), ["5J6"], [2008])
        said = self.check(0).stdout
        self.assertIn("2008: MISSING for 1 of 2 areas: 5QL", said)
        self.assertIn("2009: MISSING for 2 of 2 areas: 5J6 5QL", said)

    SERVICES = """  - {id: los, statistic: mean_los, by: month}
impact:
  - {id: memory, title: Memory service, site: 5J6, measures: [emergency, los], date: 2009-10-01, expected: lower,
     methods: [its, pre_post, did, synthetic_control, spc], phase_in: {from: 2009-10-01, to: 2009-10-31},
     options: {its: {model: ols, lag: 3}}}
  - {id: line, sites: [5J6, 5QL], measures: los, methods: trend}
  - {id: two, measures: los, dates: [2009-04-15, 2009-08-01, 2009-12-01], meaningful: 0.2}
  - {id: years, site: 5J6, measures: emergency, date: 2009-10-01, by: year}
  - {id: enough, site: 5J6, measures: los, date: 2009-04-01}
publish:"""

    def services(self, said):
        """What is said of each service, by its id."""
        found = {}
        for line in said[said.index("\nServices: 5\n") + 13:said.index("\n\nScreen for")].splitlines():
            if line.startswith("    "):
                lines.append(line.strip())
            else:
                lines = found[line.split(":")[0].strip()] = [line.strip()]
        return {name: "\n".join(lines) for name, lines in found.items()}

    def test_says_what_services_are_judged_by(self):
        self.edit_study("publish:", self.SERVICES)
        said = self.check(0).stdout
        services = self.services(said)
        for words in ["memory: Memory service", "at 5J6 Calderdale",
                      "from 2009-10-01, phase-in 2009-10-01 to 2009-10-31; window of each measure",
                      "site review: 2009-10-01 to 2010-03-31 beside 2008-10-01 to 2009-03-31",
                      "primary method its; expected: lower, 10 % matters; compared with England",
                      "by its (model ols, season auto, errors robust, lag 3, slope true)", "by synthetic_control",
                      "emergency by quarter: 6 before, 1 after, 1 left out", "los by month: 18 before, 5 after, 1 left out"]:
            self.assertIn(words, services["memory"])
        self.assertIn("at 5J6 Calderdale, 5QL Somerset", services["line"])
        self.assertIn("no date;", services["line"])
        self.assertIn("los by month: 24 in all", services["line"])
        self.assertIn("from 2009-04-15, new level from 2009-08-01, new level from 2009-12-01", services["two"])
        self.assertIn("12 before, 4 after the last date, at least 3 between, 1 left out", services["two"])
        self.assertIn("20 % matters", services["two"])
        self.assertIn("emergency by year: 1 before, 0 after, 1 left out", services["years"])
        self.assertIn("Screen for recording breaks: false discovery rate below 0.01", said)

    def test_warns_of_methods_without_enough_periods(self):
        self.edit_study("publish:", self.SERVICES)
        services = self.services(self.check(0).stdout)
        quarters, months = services["memory"].split("los by month")
        self.assertIn("! its WILL BE REFUSED", quarters)
        self.assertIn("! synthetic_control WILL BE REFUSED: it needs 8 periods before", quarters)
        self.assertIn("! spc: fewer than 13", quarters)
        self.assertIn("! its: fewer than 8", months)
        self.assertNotIn("REFUSED", months)
        self.assertNotIn("! spc", months)
        self.assertIn("! its WILL BE REFUSED", services["two"])  # 3 between two dates
        self.assertIn("! the site review holds NO complete year; pre_post WILL BE REFUSED", services["years"])
        self.assertNotIn("!", services["line"])
        self.assertNotIn("!", services["enough"])

    def test_refuses_the_site_of_a_service_that_is_no_area(self):
        self.edit_study("publish:", self.SERVICES.replace("sites: [5J6, 5QL]", "sites: [5J6, 5QM]"))
        said = self.check(2).stderr
        self.assertIn("study.yaml, line 14: service `line`: site `5QM` is not in the area list; correct it under `impact: site`", said)

    def test_says_that_nobody_looks_for_breaks(self):
        self.assertIn("Screen for recording breaks: off\n", self.check(0).stdout)
        self.edit_study("publish:", self.SERVICES.replace("publish:", "breaks: {screen: false}\npublish:"))
        self.assertIn("Screen for recording breaks: OFF; services are judged by", self.check(0).stdout)

    def test_says_which_cut_counts(self):
        write_extract(self.path("extracts/apc_2009_m7.csv"), [row(n, 2009, PARTYEAR="200907") for n in range(9)])
        said = self.check(0).stdout
        line = next(line for line in said.splitlines() if "apc_2009_m7.csv" in line)
        self.assertIn("data year 2009/10 cut 07", line)
        self.assertIn("a newer cut of the year counts instead", line)
        self.assertIn("leave out 1 older cut", said)

    def test_says_when_first_rows_cannot_be_read(self):
        write_extract(self.path("extracts/apc_2008.csv.gz"), [row(1, 2008, ADMIDATE="2008-02-30"), row(2, 2008)])
        self.assertIn("1 of its first 2 rows cannot be read", self.check(0).stdout)

    def test_study_without_list_of_areas(self):
        self.edit_study("names: names.csv, ", "")
        self.edit_study("population: population.csv\n", "")
        self.edit_study("statistic: dsr", "statistic: count")
        said = self.check(0).stdout
        self.assertIn("every code met in the files", said)
        self.assertIn("Populations: none named", said)

    def test_reads_cohorts_and_small_tables(self):
        write_text(self.path("imd.csv"), "area,imd\n5J6,25.1\n")
        write_text(self.path("qof.csv"), "period,area,value\n2008/09,5J6,100\n2009/10,5J6,120\n2009/10,5ZZ,7\n2007/08,5J6,1\n")
        write_text(self.path("paper.csv"), "period,series,value,source\n2008/09 Q1,seen,12,paper\n2011-04,seen,1,paper\n")
        write_text(self.path("ids.txt"), "SECRET000001\n")
        write_text(self.path("register.csv"), "area,date,registered\n5J6,2009-03-31,50\n")
        self.edit_study("measures:", "deprivation: imd.csv\ncohorts:\n"
                        "  - {id: diabetes, condition: [diabetes_any, dementia], window: {from: 2008-04-01, to: 2009-03-31},\n"
                        "     register: {file: register.csv, age: [17, 120]}}\n"
                        "  - {id: listed, file: ids.txt}\n"
                        "  - {id: ever, condition: stroke}\n"
                        "reported: {measure: emergency, area: 5XX, file: paper.csv}\nmeasures:\n"
                        "  - {id: register, dataset: table, file: qof.csv, statistic: growth, base: 2008/09, by: year}")
        said = self.check(0).stdout
        for words in ["spells by rule nhsd, continuous spells by rule nhsd", "Cohorts: 3",
                      "diabetes: diabetes_any or dementia, in inpatient rows admitted 2008-04-01 to 2009-03-31; beside ",
                      "register.csv, ages 17 to 120", "listed: people listed in ", "ever: stroke, in all inpatient rows",
                      "qof.csv, 2 of its 4 values are of the measure's periods and areas; 1 are of areas that are not in the "
                      "list; the base is MISSING for 5QL (1 of 2 areas)",
                      "imd.csv; MISSING for 5QL (1 of 2 areas)",
                      "1 of its 2 values are of the measure's periods; the area is NOT in the list"]:
            self.assertIn(words, said)

    def test_says_what_a_statistic_is_told(self):
        self.edit_study("  - {id: emergency,", "  - {id: a, statistic: count, per_working_day: true}\n"
                        "  - {id: b, statistic: growth, base: 2008/09, by: year}\n"
                        "  - {id: c, statistic: readmission, days: 28, by: year}\n"
                        "  - {id: d, statistic: mean_los, los_cap: 60, los_min: 1}\n"
                        "  - {id: e, statistic: smr, reference: {areas: [5J6, 5QL], year: 2008/09}}\n"
                        "  - {id: f, statistic: isr, reference: {year: 2009-10}}\n  - {id: emergency,")
        said = self.check(0).stdout
        for words in ["for each working day", "growth since 2008/09",
                      "readmitted as an emergency within 28 days; looking back 365 days", "longer than 60 days count as 60",
                      "stays under 1 days are left out", "expected from the rates of 5J6, 5QL in 2008/09",
                      "expected from the rates of all areas in 2009/10"]:
            self.assertIn(words, said)

    def test_faults_of_cohorts_and_small_tables(self):
        for lines, code, message in [
            ("deprivation: bad.csv", 3, "bad.csv: no column `area`"),
            ("reported: {measure: emergency, area: 5J6, file: bad.csv}", 3, "bad.csv: no column `period`"),
            ("cohorts: [{id: c, condition: diabetis_any}]", 2, "did you mean `diabetes_any`?"),
        ]:
            with self.subTest(lines):
                write_place(self.folder)
                write_text(self.path("bad.csv"), "x,y\n1,2\n")
                self.edit_study("measures:", lines + "\nmeasures:")
                self.assertIn(message, self.check(code).stderr)

    def test_faults_of_the_study_exit_2(self):
        for old, new, message in [
            ("measures:", "mesures:", "line 7, column 1: unknown key `mesures` of the study; did you mean `measures`?"),
            ("statistic: dsr", "statistic: growth", "measure `emergency` is growth, which needs the key `base`"),
            ("extracts/apc_*", "extracts/none_*", "no file matches"),
            ("population: population.csv", "population: absent.csv", "the file of `population` cannot be read"),
            ("admission_method: emergency", "condition: diabetis_any", "did you mean `diabetes_any`?"),
        ]:
            with self.subTest(new):
                write_place(self.folder)
                self.edit_study(old, new)
                self.assertIn(message, self.check(2).stderr)

    def test_faults_of_the_input_exit_3(self):
        write_text(self.path("population.csv"), "area,year,sex,age_lower,age_upper,population\n5J6,2008,1,0,4,x\n")
        self.check(3)
        write_place(self.folder)
        write_extract(self.path("extracts/apc_2008.csv.gz"), [], ["NOT", "HES"])
        self.assertIn("apc_2008.csv.gz", self.check(3).stderr)
        write_extract(self.path("extracts/apc_2008.csv.gz"), [])
        self.assertIn("a header and no rows", self.check(3).stderr)
        write_place(self.folder)
        with open(self.path("extracts/apc_2008.csv.gz"), "wb"):
            pass
        self.check(3)


class CheckOfExtracts(Place):
    def test_profile(self):
        path = self.path("extracts/apc_2008.csv.gz")
        write_extract(path, [row(n, 2008) for n in range(96)] + [
            row(96, 2008, ADMIMETH="77"), row(97, 2008, ADMIDATE="1801-01-01"),
            row(98, 2008, PSEUDO_HESID=""), row(99, 2008, EPIEND="2008-13-01", DIAG_4_01="R69X")])
        lines = self.check(0, path).stdout.splitlines()
        columns = {line.split()[0]: line.split()[2:] for line in lines if line.startswith("  ") and len(line.split()) > 3}
        self.assertIn("  comma-separated, ascii, 22 columns; dataset apc", lines)
        self.assertIn("  rows looked at: 100 (all); set aside by a run: 1 (1.00 %)", lines)
        self.assertTrue(any("malformed date" in line and "first on line 101" in line for line in lines))
        self.assertEqual(columns["person"], ["99.00", "%", "0"])
        self.assertEqual(columns["ADMIMETH"], ["100.00", "%", "0", "1"])
        self.assertEqual(columns["ADMIDATE"], ["100.00", "%", "0", "1"])
        self.assertEqual(columns["EPIEND"], ["100.00", "%", "1", "0"])
        self.assertEqual(columns["PROCODET"], ["0.00", "%", "0"])
        self.assertIn("  primary diagnosis: missing 0.00 %; R69 (not known) 1.00 % of those given", lines)
        self.assertTrue(any(line.split()[:2] == ["2008/09", "9"] for line in lines))

    def test_sample_and_deep(self):
        path = self.path("big.csv")
        write_extract(path, [row(n, 2008) for n in range(100500)])
        self.assertIn("rows looked at: 100,000 (--deep for all)", self.check(0, path).stdout)
        self.assertIn("rows looked at: 100,500 (all)", self.check(0, path, "--deep").stdout)

    def test_broken_file_does_not_hide_the_others(self):
        good, bad = self.path("extracts/apc_2008.csv.gz"), self.path("bad.csv")
        write_text(bad, "NOT,HES\n1,2\n")
        result = self.check(3, bad, good)
        self.assertIn("cannot be used", result.stdout)
        self.assertIn("rows looked at: 60 (all)", result.stdout)
        self.assertIn("bad.csv", result.stderr)
        self.check(2, self.path("absent.csv"), good)

    def test_pipe_and_alias(self):
        path = self.path("pipe.txt")
        header = [name.lower() for name in HEADER]
        write_extract(path, [{k.lower(): v for k, v in row(n, 2008).items()} for n in range(5)], header, "|")
        self.assertIn("pipe-separated", self.check(0, path).stdout)


class Conditions(Place):
    def conditions(self, expected_code, *arguments):
        return self.check(expected_code, "--conditions", *arguments)

    def test_lists_every_set_with_its_source(self):
        lines = self.conditions(0).stdout.splitlines()
        at = lines.index("  acsc_angina                      built in")
        self.assertEqual(lines[at + 1], "      4 ICD10 primary; exclude 25 OPCS4 primary")
        self.assertEqual(lines[at + 2], "      NHS Institute 19 ACSC; V: nhp_data code, HDRUK list")
        at = lines.index("! stroke                           built in")
        self.assertEqual(lines[at + 2], "      usual NHS stroke admission set; M  ! not verified")
        at = lines.index("  acsc_copd_j20                    built in")
        self.assertEqual(lines[at + 1], "      1 ICD10 primary; require 5 ICD10 secondary")
        self.assertIn("! readmission_exclude              built in", lines)
        sets = [line for line in lines if line.endswith(" built in")]
        self.assertIn(f"{len(sets)} sets, 0 of them the study's own.", "\n".join(lines))
        flagged = sum(line.startswith("! ") for line in sets)
        self.assertTrue(any(line.startswith(f"! {flagged} sets hold codes that were not held") for line in lines))

    def test_the_study_adds_and_replaces(self):
        write_text(self.path("lists.csv"), "set,system,code_prefix,positions,note\n"
                   "hips,OPCS4,w37,any,our theatre list\nhips#require,ICD10,S72,primary,unverified\n"
                   "stroke,ICD10,I63,first3,ours\n")
        self.edit_study("measures:", "code_lists: lists.csv\nmeasures:")
        lines = self.conditions(0, self.path("study.yaml")).stdout.splitlines()
        at = lines.index("! hips                             the study's own")
        self.assertEqual(lines[at + 1:at + 4], ["      1 OPCS4 any; require 1 ICD10 primary", "      our theatre list",
                                                "      unverified  ! not verified"])
        at = lines.index("  stroke                           the study's own")
        self.assertEqual(lines[at + 1:at + 3], ["      1 ICD10 first3", "      ours"])
        rows = self.conditions(0, self.path("study.yaml"), "hips").stdout.splitlines()
        self.assertEqual([line.split()[:4] for line in rows[2:]],
                         [["match", "OPCS4", "W37", "any"], ["require", "ICD10", "S72", "primary"]])

    def test_shows_every_row_of_a_set(self):
        rows = self.conditions(0, "acsc_copd_j20", "dementia").stdout.splitlines()
        self.assertEqual([line.split()[2] for line in rows[2:8]], ["J20", "J41", "J42", "J43", "J44", "J47"])
        self.assertEqual(rows[9], "! dementia                         built in")
        self.assertTrue(all(line.endswith("! not verified") for line in rows[11:]))
        self.assertEqual(len(rows[11:]), 5)

    def test_faults(self):
        self.assertIn("no condition set is called `demenita`; did you mean `dementia`?",
                      self.conditions(2, "demenita").stderr)
        self.assertIn("--conditions lists them", self.conditions(2, "zzzzzzzz").stderr)
        self.assertEqual(self.conditions(2, "dementia", "zzzzzzzz").stdout, "")
        self.conditions(2, self.path("absent.yaml"))


class Arguments(Place):
    def test_faults(self):
        self.assertEqual(run(PROGRAM, "check").returncode, 2)
        self.check(2, self.path("absent.yaml"))
        self.check(2, self.path("study.yaml"), self.path("study.yaml"))
        self.check(2, self.path("study.yaml"), "--no-such-option")
        self.assertEqual(run(PROGRAM, "check", "--help").returncode, 0)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
