"""The manifest's command repeats the run: given as it stands there, in the folder that the manifest names, on a copy of the
inputs and without store or results, it makes every file again, byte for byte; and the hashes there are those of the inputs.

    python3 tests/cli/test_manifest_command.py HESTIA
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

PROGRAM = ""
# What differs from one run to the next, as docs/results.md says (manifest.json); from_store stands in each input. Here machine
# and folder are the same.
OF_THE_RUN = {"run", "started", "finished", "timings", "options"}
PUBLISH = "\npublish: {formats: [csv, sqlite, xlsx, html], disclosure: hes2018, internal: true}\n"


def contents(folder):
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as stream:
                found[os.path.relpath(os.path.join(place, name), folder)] = stream.read()
    return found


def strip(manifest):
    value = json.loads(manifest)
    for entry in value["inputs"]:
        del entry["from_store"]
    return {key: entry for key, entry in value.items() if key not in OF_THE_RUN}


class ManifestCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="hestia-command-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        subprocess.run([PROGRAM, "synth", cls.made, "--study", "long-term-conditions", "--datasets", "apc,op", "--years", "2008-2009",
                        "--people", "4000", "--areas", "4", "--quiet"], check=True)
        with open(f"{cls.made}/study.yaml", encoding="utf-8") as stream:
            text, n = re.subn(r"\npublish:\n(  .*\n)*", PUBLISH, stream.read())
        assert n == 1
        with open(f"{cls.made}/study.yaml", "w", encoding="utf-8") as stream:
            stream.write(text)

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="hestia-command-")
        self.addCleanup(shutil.rmtree, self.top)

    def repeat(self, study, folder, arguments, results):
        """Runs a study, then the command of its manifest; returns that. Paths are relative to the top; `study` is as it is given."""
        place = os.path.join(self.top, folder)
        inputs = os.path.join(self.top, "inputs of it's")
        shutil.copytree(self.made, inputs)
        os.rename(os.path.join(inputs, "study.yaml"), os.path.normpath(os.path.join(place, study)))
        spare = tempfile.mkdtemp(prefix="hestia-command-")
        self.addCleanup(shutil.rmtree, spare)
        shutil.copytree(self.top, f"{spare}/copy")
        done = subprocess.run([PROGRAM, "run", *arguments], cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        first = contents(os.path.join(self.top, results, "latest", ""))
        for name in ("release/hestia.sqlite", "release/site-review.xlsx", "release/report.html", "internal/results.csv"):
            self.assertIn(name, first)
        manifest = json.loads(first["manifest.json"])

        # the copy takes the place of the inputs: no store, no results
        shutil.rmtree(self.top)
        shutil.copytree(f"{spare}/copy", self.top)
        self.assertFalse(os.path.exists(os.path.join(self.top, results)))
        path = os.pathsep.join([os.path.dirname(PROGRAM), os.environ["PATH"]])
        done = subprocess.run(["sh", "-c", manifest["command"]], cwd=manifest["directory"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, env=dict(os.environ, PATH=path, TZ="Asia/Tokyo", OMP_NUM_THREADS="3"))
        self.assertEqual(done.returncode, 0, f"{manifest['command']}\n{done.stderr}")
        again = contents(os.path.join(self.top, results, "latest", ""))
        self.assertEqual(sorted(first), sorted(again))
        self.assertEqual([name for name in first if first[name] != again[name]], ["manifest.json"])
        self.assertEqual(strip(first["manifest.json"]), strip(again["manifest.json"]))
        return manifest

    def test_paths_with_blanks_and_quotes(self):
        manifest = self.repeat("the study's $HOME.yaml", "inputs of it's",
                               ["--store", "../a store", "--out", "../its \"results\"", "--threads", "2", "--memory", "300M", "--quiet",
                                "the study's $HOME.yaml"], "its \"results\"")
        self.assertEqual(manifest["command"], r"""hestia run 'the study'\''s $HOME.yaml' --store '../a store' --out '../its "results"'""")
        self.assertEqual(manifest["directory"], os.path.join(os.path.realpath(self.top), "inputs of it's"))

    def test_plain(self):
        manifest = self.repeat("study.yaml", "inputs of it's", ["study.yaml"], "inputs of it's/results")
        self.assertEqual(manifest["command"], "hestia run study.yaml")

    def test_hashes_are_those_of_xxhsum(self):
        """Of the study file, each input (a member of a container by its unpacked bytes), each table, as docs/results.md says."""
        self.assertTrue(shutil.which("xxhsum"), "xxhsum is missing: scripts/packages test installs it")
        place = os.path.join(self.top, "place")
        shutil.copytree(self.made, place)
        for name in ("op_200809.csv", "op_200910.csv"):
            with zipfile.ZipFile(f"{place}/extracts/{name[:-4]}.zip", "w", zipfile.ZIP_DEFLATED) as packed:
                packed.writestr(name, subprocess.run(["gzip", "-dc", f"{place}/extracts/{name}.gz"], capture_output=True, check=True).stdout)
            os.unlink(f"{place}/extracts/{name}.gz")
        with open(f"{place}/study.yaml", encoding="utf-8") as stream:
            text = stream.read().replace("op_*.csv.gz", "op_*.zip").replace("[csv, sqlite, xlsx, html]", "csv")
        with open(f"{place}/study.yaml", "w", encoding="utf-8") as stream:
            stream.write(text)
        subprocess.run([PROGRAM, "run", "study.yaml", "--quiet"], cwd=place, stdin=subprocess.DEVNULL, check=True)
        with open(f"{place}/results/latest/manifest.json", encoding="utf-8") as stream:
            manifest = json.load(stream)
        files = [(manifest["study"]["file"], None, manifest["study"]["hash"])]
        files += [(entry["path"], entry["member"], entry["hash"]) for entry in manifest["inputs"]]
        files += [(entry["path"], None, entry["hash"]) for entry in manifest["tables"] if entry["hash"]]
        self.assertGreater(len(files), 8)
        self.assertEqual(sum(1 for _, member, _ in files if member), 2)
        for path, member, noted in files:
            with open(os.path.join(place, path), "rb") as stream:
                data = zipfile.ZipFile(stream).read(member) if member else stream.read()
            said = subprocess.run(["xxhsum", "-H2"], input=data, capture_output=True, check=True).stdout.decode()
            self.assertEqual(said.split()[0], noted, path)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
