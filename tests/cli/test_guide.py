#!/usr/bin/env python3
"""docs/guide.md as a reader follows it: every command runs, in the page's order, and answers what the page shows.

    ```sh                     commands; a line that ends in "# exit 3" ends so
    ```text                   what the commands above print: these lines, in this order; "..." stands for others, within a line for any text
    ```yaml own/study.yaml    the file of that name; with >> before the name it is added to the file

Times, sizes, run folders and the version may differ from what the page shows. Of the tables made on the way, docs/results.md has to
have every column.

usage: test_guide.py HESTIA SOURCE
"""
import os
import re
import subprocess
import sys
import tempfile

VARIABLE = ((r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", ""), (r"\d{8}T\d{6}Z(-\d+)?", "RUN"), (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
            (r"\b\d+:\d\d\b", "TIME"), (r"\b[\d.]+ [kMG]i?B\b", "SIZE"), (r"\bhestia \d+\.\d+\.\d+", "hestia VERSION"), (r"\s+", " "))


def plain(line):
    for pattern, text in VARIABLE:
        line = re.sub(pattern, text, line)
    return line.strip()


def blocks_of(page):
    """(line number, language, rest of the info string, text) of each fenced block."""
    found, fence = [], None
    for number, line in enumerate(page.splitlines(), 1):
        if fence is None and line.startswith("```") and line != "```":
            language, _, rest = line[3:].partition(" ")
            fence = (number, language, rest.strip(), [])
        elif fence is not None and line == "```":
            found.append((*fence[:3], "\n".join(fence[3]) + "\n"))
            fence = None
        elif fence is not None:
            fence[3].append(line)
    if fence is not None:
        sys.exit(f"guide.md:{fence[0]}: a block without end")
    return found


def commands_of(text):
    """The commands of a block with the exit code of each."""
    for command in re.split(r"(?<!\\)\n(?!  )", text.strip()):
        expected = re.search(r"# exit (\d+)$", command)
        yield command, int(expected[1]) if expected else 0


def find_lines(shown, output):
    """The first shown line that the output does not have in its place, or None."""
    lines = iter([plain(line) for line in output.splitlines()])
    for line in (plain(line) for line in shown.splitlines()):
        if line not in ("", "..."):
            pattern = re.compile(".*".join(re.escape(part) for part in line.split("...")))
            if not any(pattern.fullmatch(printed) for printed in lines):
                return line
    return None


def check_columns(results, page):
    """Every column of every table is in docs/results.md, under the heading of its file."""
    sections = {}
    for title, text in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", page, re.M | re.S):
        sections.update((name, text) for name in re.findall(r"[\w-]+\.csv", title))
    tables = [name for name in sorted(os.listdir(results)) if name.endswith(".csv")]
    if len(tables) < 10:
        sys.exit(f"{results} has few tables: {tables}")
    for name in tables:
        with open(os.path.join(results, name)) as file:
            missing = [column for column in file.readline().strip().split(",") if f"`{column}`" not in sections.get(name, "")]
        if missing:
            sys.exit(f"docs/results.md does not say what {name} has in {', '.join(missing)}")


def main():
    program, source = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    with open(os.path.join(source, "docs", "guide.md")) as file:
        blocks = blocks_of(file.read())
    kinds = [language for _, language, _, _ in blocks]
    if kinds.count("sh") < 15 or kinds.count("text") < 10 or kinds.count("yaml") < 2:
        sys.exit(f"guide.md: few blocks were found: {kinds}")
    with tempfile.TemporaryDirectory(prefix="hestia-guide-") as folder:
        environment = dict(os.environ, PATH=os.path.dirname(program) + os.pathsep + os.environ["PATH"], HOME=folder, LC_ALL="C.UTF-8")
        output = None
        for number, language, name, text in blocks:
            if language == "sh":
                output = ""
                for command, expected in commands_of(text):
                    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=environment,
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                    output += done.stdout
                    if done.returncode != expected:
                        sys.exit(f"guide.md:{number}: exit {done.returncode}, not {expected}: {command}\n{done.stdout}")
            elif language == "text":
                if output is None:
                    sys.exit(f"guide.md:{number}: output of no command")
                missing = find_lines(text, output)
                if missing is not None:
                    sys.exit(f"guide.md:{number}: `{missing}` is not printed, or not in this place:\n{output}")
            elif name:
                path = os.path.join(folder, name.removeprefix(">>"))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "a" if name.startswith(">>") else "w") as file:
                    file.write(text)
        with open(os.path.join(source, "docs", "results.md")) as file:
            check_columns(os.path.join(folder, "own", "results", "latest", "internal"), file.read())


main()
