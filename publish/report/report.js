// The report: puts the sections together, in the order in which they are read. Nothing else runs by itself.

/** The section of all services: Table 27 of the study, one row a site, service and measure. */
function servicesSection(data) {
    const rows = data.services.flatMap((service) => reviewsOf(data, service.id));
    const all = (row) => data.rowsOf("site-review", row);
    if (!rows.length) {
        return null;
    }
    const side = (row, name) =>
        row[`${name}_from`]
            ? [
                  element("b", null, numberCell(row[`${name}_value`], row.suppressed)),
                  ` ${limitsText(row[`${name}_lowercl`], row[`${name}_uppercl`]) ? `(${limitsText(row[`${name}_lowercl`], row[`${name}_uppercl`])})` : ""}`,
                  element(
                      "span",
                      { class: "when" },
                      ` ${rangeShort(row[`${name}_from`], row[`${name}_to`])}`,
                  ),
              ]
            : DASH;
    return section(
        "services",
        2,
        "Site review",
        element(
            "p",
            null,
            "Each service before and after, beside its comparators. Limits are 95 %; p is of the method declared before the run.",
        ),
        htmlTable(
            "Site review: baseline, review, change and verdict",
            [
                {
                    title: "Site and measure",
                    isHead: true,
                    cell: (row) => [
                        row.site_name,
                        element("span", { class: "when" }, ` ${row.title}, ${row.unit ?? ""}`),
                    ],
                },
                { title: "Baseline", cell: (row) => side(row, "baseline") },
                { title: "Review", cell: (row) => side(row, "review") },
                {
                    title: "Change",
                    isNumber: true,
                    cell: (row) => [
                        numberCell(row.change, row.suppressed),
                        isNumber(row.change_percent) ? ` (${percentText(row.change_percent)})` : "",
                    ],
                },
                {
                    title: "Comparators: their change, and the difference with 95 % limits",
                    cell: (row) =>
                        all(row).map((one) =>
                            element(
                                "div",
                                null,
                                one.comparator
                                    ? [
                                          `${one.comparator} `,
                                          numberCell(one.comparator_change, one.suppressed),
                                          ", difference ",
                                          numberCell(one.difference, one.suppressed),
                                          limitsText(one.difference_lowercl, one.difference_uppercl)
                                              ? ` (${limitsText(one.difference_lowercl, one.difference_uppercl)})`
                                              : "",
                                      ]
                                    : DASH,
                            ),
                        ),
                },
                {
                    title: "p",
                    isNumber: true,
                    cell: (row) => (isNumber(row.p) ? probabilityNumber(row.p) : DASH),
                },
                {
                    title: "Verdict",
                    cell: (row) => [
                        verdictBadge(row.verdict),
                        row.break_flag
                            ? ` Recording may have changed: ${breakFlagText(row.break_flag)}.`
                            : "",
                        row.incomplete ? " A period is incomplete." : "",
                    ],
                },
            ],
            rows,
            { class: "review" },
        ),
    );
}

/** The table of contents from the sections that are there. */
function contentsOf(report) {
    const entries = [...report.querySelectorAll(":scope > section")].map((part) =>
        element("li", null, link(part.id, part.querySelector("h2").textContent)),
    );
    return element("ol", null, element("li", null, link("first", "At a glance")), entries);
}

function buildReport(data) {
    const figures = new Figures();
    const report = document.getElementById("report");
    const measures = data.measures.map((measure) => measureSection(data, figures, measure));
    report.replaceChildren(
        ...[
            firstScreen(data),
            servicesSection(data),
            ...measures,
            qualitySection(data, figures),
            methodsSection(data),
            truthSection(data),
        ].filter(Boolean),
    );
    document
        .getElementById("contents")
        .replaceChildren(element("h2", { class: "contents-title" }, "Contents"), contentsOf(report));
    figures.start();
    return figures;
}

const hestia = { figures: buildReport(new Data(JSON.parse(document.getElementById("data").textContent))) };
