"""A release by rounding alone: what the counts' rule says, cell by cell, and values from the true data, nothing withheld.

Made from the tables of internal/, so that the attacker can show on it what must not be possible on the real one.
"""

import csv
import math
import os

NUMBERS = ("value", "lowercl", "uppercl", "lower998", "upper998", "comparator_value", "percent", "difference", "estimate", "se",
           "observed", "fitted", "counterfactual", "cf_lowercl", "cf_uppercl", "effect", "change", "change_percent",
           "comparator_change", "baseline_value", "baseline_lowercl", "baseline_uppercl", "review_value", "review_lowercl",
           "review_uppercl")
COUNTS = ("members", "ours", "baseline_count", "review_count")


def round_count(text, least=8, base=5):
    """0, hidden, or the nearest multiple."""
    n = round(float(text))
    if n == 0:
        return "0"
    return "" if n < least else str(base * math.floor((n + base // 2) / base))


def round_value(text, decimals=1):
    if text in ("", "Inf", "-Inf"):
        return text
    value = float(text)
    if abs(value) >= 10 or value == 0:
        return repr(round(value, decimals))
    return repr(round(value, 2 - math.floor(math.log10(abs(value)))))


def release(internal, folder, england):
    """Writes the tables of internal/ into a folder as rounding alone would release them."""
    os.makedirs(folder)
    for name in os.listdir(internal):
        if not name.endswith(".csv"):
            continue
        with open(os.path.join(internal, name), newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            columns, rows = reader.fieldnames, list(reader)
        with open(os.path.join(folder, name), "w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, columns)
            writer.writeheader()
            writer.writerows(mask(row, england) for row in rows)


def mask(row, england):
    if row.get("area_code") in england and row.get("split_by") != "provider" or "suppressed" not in row:
        return row
    masked = dict(row)
    for name in NUMBERS:
        if row.get(name):
            masked[name] = round_value(row[name])
    for name in COUNTS:
        if row.get(name):
            masked[name] = round_count(row[name])
            masked["suppressed"] = "1" if masked[name] == "" else masked["suppressed"]
    if row.get("total_count"):
        mask_result(row, masked)
    return masked


def mask_result(row, masked):
    """Value and limits go with a hidden count; counts shown as values are rounded as counts."""
    masked["total_count"] = round_count(row["total_count"])
    if row["statistic"] in ("count", "bed_days") and row["value"]:
        masked["value"] = round_count(row["value"])
    if row["unit"] == "days" or row["statistic"] in ("readmission", "growth"):
        masked["total_pop"] = round_count(row["total_pop"]) if row["total_pop"] else ""
    if "" in (masked["total_count"], masked["total_pop"] if row["total_pop"] else "0"):
        masked["suppressed"] = "1"
        for name in ("value", "lowercl", "uppercl"):
            masked[name] = ""
