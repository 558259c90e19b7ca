// What was done, in plain words: the rules in force, disclosure control, and what was planted where the data are artificial.

function methodsSection(data) {
    const { study } = data;
    return section("methods", 2, "Methods in force",
        element("p", null, "Every rule has a name, which stands in the tables beside each result. These were in force:"),
        data.rules.length ? htmlTable("Rules of this study", [
            { title: "Rule", isHead: true, cell: (row) => String(row.name).replace(/_/g, " ") }, { title: "In force", cell: (row) => (row.value === null || row.value === undefined ? DASH : String(row.value)) }, { title: "What it means", cell: (row) => row.words ?? "" },
        ], data.rules) : null,
        section("disclosure", 3, "Disclosure control", element("p", null, disclosureText(study))),
        section("reading", 3, "How to read it", element("ul", null, [
            "95 % limits: if the same were counted in many such periods, about 95 of 100 intervals made this way would hold the underlying value. Two values whose limits overlap may still differ.",
            "Change: the limits of the method declared beforehand exclude no effect, with and without suspected recording breaks, and few other areas show as much. It does not say that the service was the cause.",
            "No clear change: a change that matters would probably have shown, and did not. Cannot tell: it might not have shown, or something stands in the way.",
            "p: how often chance alone would show as much. Of twenty services that do nothing, one has p below 0.05.",
        ].map((text) => element("li", null, text)))),
        element("p", { class: "notes" }, `Made by hestia ${study.version ?? ""}. The same numbers stand in the CSV files beside this report.`));
}

function disclosureText(study) {
    const rule = study.disclosure;
    if (!study.is_release) {
        return "This is the internal report: all numbers are the true ones. It must not leave the secure environment.";
    }
    if (!rule || rule.rule === "none") {
        return "No disclosure control was applied to this report.";
    }
    return `Rule ${rule.rule}: below England, counts of 1 to ${numberText((rule.min ?? 8) - 1)} are withheld and shown as *, others are rounded to the nearest ${numberText(rule.round ?? 5)}; values carry ${countText(rule.decimals ?? 1, "decimal")}. Values from which a withheld number could be worked out are withheld too. ${capitalised(countText(rule.withheld_counts ?? 0, "count"))} and ${countText(rule.withheld_values ?? 0, "value")} are withheld in all tables.`;
}

/** What was planted beside what was found. */
function truthSection(data) {
    if (!data.truth) {
        return null;
    }
    const planted = plantedEffects(data);
    const breaks = data.truth.filter((row) => /from this month on/.test(row.what ?? "") && /recorded|outpatient rows/.test(row.what));
    const found = (row) => data.rows("breaks").find((one) => one.suspect && (!row.area || one.area_code === row.area) && (!row.split || one.provider === row.split) && one.month === row.period);
    return section("truth", 2, "What was planted, and what was found",
        element("p", null, "The data are artificial, so the truth is known. A method that is honest about small numbers finds large effects and says of small ones that it cannot tell."),
        planted.length ? htmlTable("Effects planted beside those found", [
            { title: "Service", isHead: true, cell: ({ service }) => service.title }, { title: "Site", cell: ({ review }) => review.site_name }, { title: "Measure", cell: ({ review }) => review.title },
            { title: "Planted", isNumber: true, cell: ({ percent }) => (percent === 0 ? "no effect" : percent === null ? "nothing" : percentText(percent)) },
            { title: "Found", cell: ({ review }) => reviewWords(review).estimate }, { title: "95 % limits", isNumber: true, cell: ({ review }) => reviewWords(review).limits || DASH },
            { title: "Verdict", cell: ({ review }) => verdictBadge(review.verdict) },
        ], planted) : null,
        breaks.length ? htmlTable("Recording breaks planted beside those found", [
            { title: "What was done", isHead: true, cell: (row) => String(row.what).replace(", percent by design", "") }, { title: "Where", cell: (row) => [row.area ? data.areaName(row.area) : "", row.split ?? ""].filter(Boolean).join(", ") },
            { title: "From", cell: (row) => periodText(row.period) }, { title: "By design", isNumber: true, cell: (row) => `${numberText(row.n)}${SPACE}%` },
            { title: "Found", cell: (row) => (found(row) ? `${percentText(found(row).size * 100)} from ${periodText(found(row).month)}, ${found(row).provider_name || found(row).provider}` : "not found") },
        ], breaks) : null);
}

/** Each judged series with the percent that was planted in its review; null where nothing was. */
function plantedEffects(data) {
    return judgedServices(data).filter(({ service }) => service.dates?.length).map(({ service, review }) => {
        const design = data.truth.find((row) => row.measure === review.measure && row.area === review.site_code && /percent by design/.test(row.what ?? ""));
        return { service, review, percent: design ? (design.n === 0 ? 0 : -design.n) : null };
    });
}
