"""Extracts with identifiers and values that can be mistaken for nothing else, for the tests of privacy: the artificial
extracts of `hestia synth`, with every column that is a person's or a record's written over."""

import csv
import glob
import gzip
import lzma
import os
import subprocess
import zipfile

# What is planted in which column: the value of row n, and the bytes by which any of them is found again.
PERSON = (lambda n: f"QZPERSON{n // 3:024d}", b"QZPERSON")
COLUMNS = {
    "EPIKEY": (lambda n: f"77731337{n:04d}", b"77731337"),
    "PROVSPNOPS": (lambda n: f"QZSPELL{n}", b"QZSPELL"),
    "SUSSPELLID": (lambda n: f"66631337{n:04d}", b"66631337"),
    "SUSRECID": (lambda n: f"55531337{n:04d}", b"55531337"),
}
# Columns of a delivery that hestia does not ask for: they must go nowhere at all.
MORE_COLUMNS = {
    "NEWNHSNO": (lambda n: f"94347659{n % 100:02d}", b"94347659"),
    "HOMEADD": (lambda n: f"ZE9 {n % 10}QZ", b"ZE9 "),
    "DOB": (lambda n: "1911-03-17", b"1911-03-17"),
    "NOTES": (lambda n: f"zzqfree text of row {n}", b"zzqfree"),
}
IDENTIFIERS = {name: mark for name, (_, mark) in {"PERSON": PERSON, **COLUMNS, **MORE_COLUMNS}.items()}


def read_rows(path):
    with open(path, newline="") as stream:
        rows = list(csv.reader(stream))
    return rows[0], rows[1:]


def text_of(header, rows):
    return "".join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) + "\n" for row in [header] + rows)


def plant(header, rows, first=0):
    """The same table with identifiers of our own; rows are numbered from `first`."""
    columns = {header.index(name): make for name, (make, _) in COLUMNS.items() if name in header}
    columns[header.index("PSEUDO_HESID")] = PERSON[0]
    for n, row in enumerate(rows, first):
        for column, make in columns.items():
            row[column] = make(n)
        row.extend(make(n) for make, _ in MORE_COLUMNS.values())
    return header + list(MORE_COLUMNS), rows


def pack(path, text, packing):
    """Writes the text beside `path`, packed; returns the file's path."""
    data = text.encode()
    if packing == "zip":
        with zipfile.ZipFile(path + ".zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(os.path.basename(path), data)
        return path + ".zip"
    if packing == "zst":
        subprocess.run(["zstd", "-q", "-f", "-o", path + ".zst"], input=data, check=True)
        return path + ".zst"
    name = {"none": path, "gz": path + ".gz", "xz": path + ".xz"}[packing]
    with open(name, "wb") as stream:
        stream.write({"none": bytes, "gz": gzip.compress, "xz": lzma.compress}[packing](data))
    return name


def make_study(hestia, folder, years, people=1000, packings=("gz",), side_file=False):
    """A study of planted extracts, one a year, packed by turns. Returns the paths of the extracts."""
    subprocess.run([hestia, "synth", folder, "--people", str(people), "--years", years, "--areas", "3", "--quiet", "--compress",
                    "none"], check=True)
    paths, n = [], 0
    for i, path in enumerate(sorted(glob.glob(folder + "/extracts/*.csv"))):
        header, rows = plant(*read_rows(path), first=n)
        n += len(rows)
        os.remove(path)
        if side_file:
            person, key = header.index("PSEUDO_HESID"), header.index("EPIKEY")
            with open(f"{folder}/ids_{i}.csv", "w") as stream:
                stream.write("".join(f"{row[key]},{row[person]}\n" for row in [header] + rows))
            for row in [header] + rows:
                del row[person]
        paths.append(pack(path, text_of(header, rows), packings[i % len(packings)]))
    edit(folder + "/study.yaml", "files: extracts/apc_*.csv*", "files: extracts/apc_*.csv*" + (
        ", side_files: [{files: ids_*.csv, key: EPIKEY, columns: [PSEUDO_HESID]}]" if side_file else ""))
    return paths


def edit(path, before, after):
    with open(path) as stream:
        text = stream.read()
    assert before in text, (path, before)
    with open(path, "w") as stream:
        stream.write(text.replace(before, after))


def read_rows_of(path):
    """Header and rows of a gzip file made here."""
    with gzip.open(path, "rt", newline="") as stream:
        rows = list(csv.reader(stream))
    return rows[0], rows[1:]
