// The first screen: what a board reads. It fits a window of 1366 by 768 and is page 1 of the print.

const FIRST_ROWS = 10,
    FIRST_SITES = 5; // what fits the window; the rest stands in the section of services

function firstScreen(data) {
    const { study } = data;
    const sites = data.sites.slice(0, FIRST_SITES);
    const judged = judgedServices(data),
        services = judged.slice(0, FIRST_ROWS - sites.length);
    return element(
        "div",
        { id: "first", class: "first" },
        element(
            "header",
            null,
            element("h1", null, study.title || study.id),
            element(
                "p",
                { class: "subtitle" },
                `${rangeText(study.period_from, study.period_to)} · ${study.id} · ${study.is_release ? releaseText(study) : "true numbers, without disclosure control"}`,
            ),
        ),
        study.notice ? element("p", { class: "notice", role: "note" }, study.notice) : null,
        element("p", { class: "summary" }, summaryText(data, judged)),
        sites.length ? siteTable(data, sites) : null,
        judged.length
            ? serviceTable(data, services)
            : element("p", null, "No service was declared in this study, so nothing was judged."),
        services.length < judged.length || sites.length < data.sites.length
            ? element("p", { class: "more" }, restText(data, sites, services, judged))
            : null,
        nationalText(data),
    );
}

/** What the first screen has no room for. */
function restText(data, sites, services, judged) {
    const left = [data.sites.length - sites.length, judged.length - services.length];
    const words = [
        left[0] ? countText(left[0], "more site") : "",
        left[1] ? countText(left[1], "more judged series", "more judged series") : "",
    ].filter(Boolean);
    return [
        `${capitalised(listText(words))}: `,
        judged.length
            ? link("services", "site review")
            : link(anchor("measure", data.measures[0]?.id ?? ""), "first measure"),
        ".",
    ];
}

function releaseText(study) {
    const { rule, small, withheld_values: values, withheld_counts: counts } = study.disclosure ?? {};
    return `release under rule ${rule}: ${countText((small ?? 0) + (counts ?? 0), "count")} and ${countText(values ?? 0, "value")} withheld (*)`;
}

/** Reviews of all services in the order of the study; one row a service, site and measure. */
function judgedServices(data) {
    return data.services.flatMap((service) =>
        reviewsOf(data, service.id).map((review) => ({ service, review })),
    );
}

/** One paragraph: what, where, when, on what data, what was found. */
function summaryText(data, judged) {
    const { study } = data;
    const read = data.rows("audit").filter((row) => row.stage === "ingest" && row.reason === "read");
    const rowsRead = read.reduce((sum, row) => sum + (row.n ?? 0), 0);
    const datasets = [...new Set(read.map((row) => DATASET_NAMES[row.dataset] ?? row.dataset))];
    const where = data.sites.length ? listText(data.sites.map((site) => site.name)) : "every area";
    const beside = data.comparators.length ? `, beside ${listText(data.comparatorNames())}` : "";
    const source = rowsRead
        ? ` It counts from ${numberText(rowsRead)} rows of ${listText(datasets)} in ${countText(read.length, "file")}.`
        : "";
    return `This report follows ${countText(data.measures.length, "measure")} of hospital care in ${where}${beside}, from ${rangeText(study.period_from, study.period_to)}.${source} ${foundText(data, judged)} ${breaksText(data)}`;
}

/** How many series of services have which verdict, and which changed. */
function foundText(data, judged) {
    if (!judged.length) {
        return "No service is judged.";
    }
    const of = (verdict) => judged.filter(({ review }) => review.verdict === verdict);
    const changed = of("change").map(
        ({ service, review }) => `${service.title}, ${percentText(review.effect_percent)}`,
    );
    const services = new Set(judged.map(({ service }) => service.id)).size;
    const parts = [
        `${changed.length || "none"} ${changed.length > 1 ? "show" : "shows"} a change${changed.length ? ` (${changed.join("; ")})` : ""}`,
        of("no clear change").length ? `${of("no clear change").length} no clear change` : "",
        of("cannot tell").length ? `for ${of("cannot tell").length} the data cannot tell` : "",
    ].filter(Boolean);
    const series = judged.length === services ? "" : ` in ${countText(judged.length, "series", "series")}`;
    return `${capitalised(countText(services, "service"))} ${services === 1 ? "is" : "are"} judged${series}: ${parts.join(", ")}.`;
}

function breaksText(data) {
    const suspects = data.rows("breaks").filter((row) => row.suspect);
    if (!suspects.length) {
        return data.services.length ? "No recording break is suspected." : "";
    }
    const touching = suspects.filter((row) => row.measures_affected);
    return `${capitalised(countText(suspects.length, "recording break"))} ${suspects.length === 1 ? "is" : "are"} suspected, ${touching.length ? `${touching.length} in what is counted here` : "none in what is counted here"}.`;
}

/**
 * What a site's row shows: its first service with a value before and after, or else the first measure, in the last complete
 * period and in the same months of the first year.
 */
function siteComparison(data, site) {
    const review = data
        .rows("site-review")
        .find(
            (row) =>
                row.site_code === site.code && isNumber(row.baseline_value) && isNumber(row.review_value),
        );
    if (review) {
        return {
            measure: data.measure(review.measure),
            title: review.title,
            unit: review.unit,
            review,
            isIncomplete: review.incomplete,
            before: sideOf(review, "baseline"),
            after: sideOf(review, "review"),
            percent: review.change_percent,
            comparator: review.comparator,
            otherPercent: review.comparator_percent,
        };
    }
    const measure =
        data.measures.find(
            (one) =>
                one.statistic !== "growth" &&
                data.areaSeries(one, site.code).some((row) => rowState(row) === "value"),
        ) ?? data.measures[0];
    const all = measure ? data.areaSeries(measure, site.code) : [];
    const last = all.findLast((row) => rowState(row) === "value") ?? all.at(-1);
    const rows = last
        ? [all.find((row) => row.period_start.slice(5) === last.period_start.slice(5)), last]
        : [];
    const others = measure && data.mainComparator() ? data.areaSeries(measure, data.mainComparator()) : [];
    const main = rows.map((row) => others.find((other) => other.period_start === row.period_start));
    const relative = ([first, end]) =>
        first && end && first !== end && isNumber(first.value) && isNumber(end.value) && first.value !== 0
            ? 100 * (end.value / first.value - 1)
            : null;
    const side = (row) =>
        row
            ? { value: row.value, suppressed: row.suppressed, when: periodText(row.period) }
            : { value: null, when: "" };
    return {
        measure,
        title: measure?.title ?? "",
        unit: measure ? data.valueUnit(measure) : "",
        isIncomplete: 0,
        before: side(rows[0]),
        after: side(rows[1]),
        percent: relative(rows),
        comparator: data.mainComparator(),
        otherPercent: relative(main),
    };
}

function sideOf(review, side) {
    return {
        value: review[`${side}_value`],
        suppressed: review.suppressed,
        limits: limitsText(review[`${side}_lowercl`], review[`${side}_uppercl`]),
        when: review[`${side}_from`] ? rangeShort(review[`${side}_from`], review[`${side}_to`]) : "",
    };
}

/** "Apr 2005 – Mar 2006" */
function rangeShort(from, to) {
    const short = (date) => `${MONTHS[date.slice(5, 7) - 1].slice(0, 3)} ${date.slice(0, 4)}`;
    return short(from) === short(to) ? short(from) : `${short(from)} ${DASH} ${short(to)}`;
}

/** Whether the numbers of a site's row can be trusted, and why not: {level, text}. */
function trust(data, site, comparison) {
    const touched = data.breaksOf(site.code).filter((row) => row.measures_affected);
    const own = touched.filter((row) =>
        String(row.measures_affected).split(";").includes(comparison.measure?.id),
    );
    const withheld = [comparison.before, comparison.after].some(
        (side) => !isNumber(side.value) && side.suppressed,
    );
    const missing = [comparison.before, comparison.after].some(
        (side) => !isNumber(side.value) && !side.suppressed,
    );
    const reasons = [
        own.length
            ? `recording may have changed (${listText([...new Set(own.map((row) => `${row.provider_name || row.provider}, ${periodText(row.month)}`))])})`
            : "",
        !own.length && touched.length ? "a recording break is suspected in another measure" : "",
        comparison.isIncomplete ? "a period is incomplete" : "",
        withheld ? "a value is withheld" : "",
        missing ? "too few events for a value" : "",
    ].filter(Boolean);
    if (own.length) {
        return { level: "no", text: `Not yet: ${listText(reasons)}` };
    }
    return reasons.length
        ? { level: "care", text: `With care: ${listText(reasons)}` }
        : { level: "yes", text: "Yes: complete, no recording break suspected" };
}

function trustCell({ level, text }) {
    return element("span", { class: `trust ${level}` }, text);
}

function siteTable(data, sites) {
    const rows = sites.map((site) => ({ site, ...siteComparison(data, site) }));
    const comparator = rows.find((row) => row.comparator)?.comparator;
    const value = (side) => [
        element("b", null, numberCell(side.value, side.suppressed)),
        side.when ? element("span", { class: "when" }, ` ${side.when}`) : null,
    ];
    const columns = [
        { title: "Site", isHead: true, cell: (row) => row.site.name },
        {
            title: "Measure",
            cell: (row) => [
                row.measure ? link(anchor("measure", row.measure.id), row.title) : row.title,
                element("span", { class: "when" }, `, ${row.unit}`),
            ],
        },
        { title: "Baseline", cell: (row) => value(row.before) },
        { title: "Review", cell: (row) => value(row.after) },
        { title: "Change", isNumber: true, cell: (row) => percentText(row.percent) },
        ...(comparator
            ? [{ title: comparator, isNumber: true, cell: (row) => percentText(row.otherPercent) }]
            : []),
        { title: "Can the data be trusted?", cell: (row) => trustCell(trust(data, row.site, row)) },
    ];
    return htmlTable("Sites: before, after, and whether to trust it", columns, rows, { class: "sites" });
}

function serviceTable(data, judged) {
    const columns = [
        {
            title: "Service",
            isHead: true,
            cell: ({ service, review }) => [
                link(anchor("service", service.id, review.measure), service.title),
                element(
                    "span",
                    { class: "when" },
                    ` ${review.site_name}${service.dates?.length ? `, from ${rangeShort(service.dates[0], service.dates[0])}` : ""}`,
                ),
            ],
        },
        {
            title: "Hoped for",
            cell: ({ service }) =>
                service.expected === "none" ? DASH : (EXPECTED_NAMES[service.expected] ?? DASH),
        },
        { title: "What happened", cell: ({ service, review }) => effectWords(service, review).estimate },
        {
            title: "95 % limits",
            isNumber: true,
            cell: ({ service, review }) => effectWords(service, review).limits || DASH,
        },
        { title: "Verdict", cell: ({ review }) => verdictBadge(review.verdict) },
        { title: "How sure", cell: ({ review }) => sureText(review) },
    ];
    return htmlTable("Services: what was expected, what happened, how sure", columns, judged, {
        class: "services",
    });
}

/** Why the verdict is what it is, in a few words. */
function sureText(review) {
    const parts = [];
    if (isNumber(review.p)) {
        parts.push(probabilityText(review.p));
    }
    if (review.break_flag) {
        parts.push("recording may have changed");
    }
    if (review.verdict !== "change" && isNumber(review.detectable)) {
        parts.push(`only ${numberText(review.detectable * 100, 0)}${SPACE}% or more would have shown`);
    }
    return parts.join("; ") || (review.suppressed ? DASH : "no answer by the method declared");
}

/** England's total of the last year beside the published one. */
function nationalText(data) {
    const item = {
        fae: "admissions",
        fae_emergency: "emergency admissions",
        fce: "episodes",
        mean_los: "mean stay in days",
    };
    const rows = data.rows("reconcile").filter((row) => isNumber(row.ours) && isNumber(row.published));
    const last = rows
        .map((row) => row.year)
        .sort()
        .at(-1);
    const shown = rows.filter((row) => row.year === last && row.item !== "fce").slice(0, 2);
    if (!shown.length) {
        return element(
            "p",
            { class: "national" },
            "England's totals: no published figure covers these years and data.",
        );
    }
    const text = shown
        .map(
            (row) =>
                `${item[row.item] ?? row.item} ${numberText(row.ours)} here, ${numberText(row.published)} published (${percentText(row.percent)}, ${row.flag})`,
        )
        .join("; ");
    return element(
        "p",
        { class: "national" },
        element("b", null, `England ${last} against the published total: `),
        text,
        data.truth.length ? ". The artificial country is a scale model. " : ". ",
        link("reconcile", "All years"),
    );
}
