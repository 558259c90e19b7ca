// What was done, in plain words: the rules in force, disclosure control, and what was planted where the data are artificial.

function methodsSection(data) {
    const { study } = data;
    return section(
        "methods",
        2,
        "Methods in force",
        element(
            "p",
            null,
            "Every rule has a name, which stands in the tables beside each result. These were in force:",
        ),
        data.rules.length
            ? htmlTable(
                  "Rules of this study",
                  [
                      { title: "Rule", isHead: true, cell: (row) => String(row.name).replace(/_/g, " ") },
                      {
                          title: "In force",
                          cell: (row) =>
                              row.value === null || row.value === undefined ? DASH : String(row.value),
                      },
                      { title: "What it means", cell: (row) => row.words ?? "" },
                  ],
                  data.rules,
              )
            : null,
        section("disclosure", 3, "Disclosure control", element("p", null, disclosureText(study))),
        section(
            "reading",
            3,
            "How to read it",
            element(
                "ul",
                null,
                [
                    "95 % limits: if the same were counted in many such periods, about 95 of 100 intervals made this way would hold the underlying value. Two values whose limits overlap may still differ.",
                    "Change: the limits of the method declared beforehand exclude no effect, with and without suspected recording breaks, and few other areas show as much. It does not say that the service was the cause.",
                    "No clear change: a change that matters would probably have shown, and did not. Cannot tell: it might not have shown, or something stands in the way.",
                    "p: how often chance alone would show as much. Of twenty services that do nothing, one has p below 0.05.",
                ].map((text) => element("li", null, text)),
            ),
        ),
        data.cuts.length
            ? section(
                  "cuts",
                  3,
                  "What is not in this file",
                  element(
                      "ul",
                      null,
                      data.cuts.map((cut) => element("li", null, `${cut.table}: ${cut.words}`)),
                  ),
              )
            : null,
        element(
            "p",
            { class: "notes" },
            `Made by hestia ${study.version ?? ""}. The same numbers stand in the CSV files beside this report.`,
        ),
    );
}

function disclosureText(study) {
    const rule = study.disclosure;
    if (!study.is_release) {
        return "No disclosure control was applied: all numbers are the true ones. They must not leave the secure environment.";
    }
    if (!rule) {
        return "";
    }
    return `Rule ${rule.rule}: below England, counts of 1 to ${numberText((rule.min ?? 8) - 1)} are withheld and shown as *, others are rounded to the nearest ${numberText(rule.round ?? 5)}${rule.totals_round > 1 ? ", England's too" : ", England's exact"}; values carry ${countText(rule.decimals ?? 1, "decimal")}. Values from which a withheld number could be worked out are withheld too. ${capitalised(countText((rule.small ?? 0) + (rule.withheld_counts ?? 0), "count"))} and ${countText(rule.withheld_values ?? 0, "value")} are withheld in all tables.`;
}

/** What was planted in artificial data beside what was found. */
function truthSection(data) {
    const effects = data.truth.filter((row) => row.kind === "effect"),
        breaks = data.truth.filter((row) => row.kind === "break");
    if (!data.truth.length) {
        return null;
    }
    const planted = {
        title: "Planted",
        isNumber: true,
        cell: (row) => (row.planted_percent === 0 ? "no effect" : percentText(row.planted_percent)),
    };
    const found = {
        title: "Found",
        isNumber: true,
        cell: (row) =>
            isNumber(row.found_percent)
                ? percentText(row.found_percent)
                : row.suppressed
                  ? withheldMark()
                  : DASH,
    };
    const missed = effects.filter((row) => row.planted_percent !== 0 && row.found !== "change").length;
    return section(
        "truth",
        2,
        "What was planted, and what was found",
        element(
            "p",
            null,
            `The data are artificial, so the truth is known. ${missed ? `${capitalised(countText(missed, "planted effect"))} ${missed === 1 ? "was" : "were"} too small for these series: the honest verdict is that they cannot tell.` : ""}`,
        ),
        effects.length
            ? htmlTable(
                  "Effects of services",
                  [
                      {
                          title: "Service",
                          isHead: true,
                          cell: (row) => data.service(row.impact)?.title ?? row.impact,
                      },
                      { title: "Site", cell: (row) => data.areaName(row.area_code) },
                      planted,
                      found,
                      {
                          title: "95 % limits",
                          isNumber: true,
                          cell: (row) =>
                              isNumber(row.found_lowercl) || isNumber(row.found_uppercl)
                                  ? `${percentText(row.found_lowercl)} to ${percentText(row.found_uppercl)}`
                                  : DASH,
                      },
                      { title: "Verdict", cell: (row) => verdictBadge(row.found) },
                      { title: "What was done to the data", cell: (row) => row.words ?? "" },
                  ],
                  effects,
              )
            : null,
        breaks.length
            ? htmlTable(
                  "Recording breaks",
                  [
                      {
                          title: "Provider",
                          isHead: true,
                          cell: (row) =>
                              `${row.provider ?? ""}${row.specialty ? `, specialty ${row.specialty}` : ""}`,
                      },
                      { title: "Area", cell: (row) => data.areaName(row.area_code) },
                      { title: "From", cell: (row) => periodText(row.month) },
                      planted,
                      found,
                      {
                          title: "Month found",
                          cell: (row) =>
                              /^\d{4}-\d{2}$/.test(row.found ?? "")
                                  ? periodText(row.found)
                                  : (row.found ?? DASH),
                      },
                      { title: "What was done to the data", cell: (row) => row.words ?? "" },
                  ],
                  breaks,
              )
            : null,
    );
}
