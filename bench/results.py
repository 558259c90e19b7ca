"""RESULTS.md, section by section."""
import os

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "RESULTS.md")
SECTIONS = ("Files", "Rivals", "People", "Growth", "National", "Disclosure", "Capacity", "Instructions")


def write(heading, text):
    """Puts a section in the place of the one with its heading."""
    with open(PATH, encoding="utf-8") as source:
        sections = dict(section.split("\n", 1) for section in source.read().split("\n## ")[1:])
    sections[heading] = f"\n{text}"
    with open(PATH, "w", encoding="utf-8") as out:
        out.write("# Measured\n\nWritten by `bench/run --write`; what each row means stands there. Ratios are medians over "
                  f"pairs run in turn\n(--runs, 5) after one warm-up pair; input in the page cache. Seconds are medians; peak is the "
                  "largest of hestia's runs.\n")
        for name in (name for name in SECTIONS if name in sections):
            out.write(f"\n## {name}\n{sections[name].rstrip()}\n")
