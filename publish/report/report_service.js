// What a service did: the series with and without it, what each method says, and how far the answer hangs on choices.

/** What an effect of the primary method is measured against. */
const AGAINST = {
    its: "against the trend before",
    pre_post: "from before to after",
    did: "beside the comparator",
    synthetic_control: "against a mixture of other areas",
};

/** The primary method's effect in words, {estimate, limits}; where there is none, what the site review says instead. */
function effectWords(service, review) {
    const percent = review.effect_percent;
    if (!isNumber(percent)) {
        const why = typeset(review.sentence).split(/(?:A change|No clear change|Cannot tell): /)[1];
        return {
            estimate: review.suppressed ? "withheld by disclosure control" : capitalised(why ?? ""),
            limits: "",
        };
    }
    const size = percentText(Math.abs(percent)).replace("+", "");
    const basis =
        service?.primary === "trend" ? "a period over the whole series" : (AGAINST[service?.primary] ?? "");
    const hasLimits = isNumber(review.effect_percent_lowercl) || isNumber(review.effect_percent_uppercl);
    return {
        estimate: `${percent < 0 ? "Fall" : "Rise"} of ${size} ${basis}`.trim(),
        limits: hasLimits
            ? `${percentText(review.effect_percent_lowercl)} to ${percentText(review.effect_percent_uppercl)}`
            : "",
    };
}

/** Reviews of a service on a measure, one a site: the row of the first comparator. */
function reviewsOf(data, serviceId, measureId) {
    const rows = data
        .rows("site-review")
        .filter((row) => row.impact === serviceId && (!measureId || row.measure === measureId));
    const seen = new Set();
    return rows.filter((row) => {
        const key = `${row.site_code}\n${row.measure}`;
        return !seen.has(key) && seen.add(key);
    });
}

function verdictBadge(verdict) {
    return element("span", { class: `verdict ${anchor(verdict ?? "none")}` }, capitalised(verdict ?? "none"));
}

/** A point of a model: "value", "unused" (seen, but not in the model), "left out" (not there, nor asked for), or as rowState. */
function observedState(row) {
    if (isNumber(row.observed)) {
        return row.used ? "value" : "unused";
    }
    return row.suppressed ? "withheld" : row.used ? "missing" : "left out";
}

/** What was, what the model says, and what would have been without the service. */
function counterfactualFigure(data, review) {
    const rows = data.rowsOf("counterfactual", review);
    if (!rows.length) {
        return null;
    }
    const service = data.service(review.impact);
    const measure = data.measure(review.measure);
    const periodType = /^\d{4}-\d{2}$/.test(rows[0].period)
        ? "month"
        : /Q/.test(rows[0].period)
          ? "quarter"
          : "year";
    const first = (service?.dates ?? [])[0] ?? "9999";
    const unit = rows[0].unit ?? "";
    const names = {
        observed: "Observed",
        fitted: "Model",
        counterfactual: "Without the service, with 95 % limits",
    };
    const points = rows.map((row) => ({
        date: chartDate(row.period_start),
        period: periodText(row.period),
        onLine: row.observed,
        value: row.observed,
        fitted: row.fitted,
        series: review.site_name,
        counterfactual: row.period_start >= first ? row.counterfactual : null,
        lower: row.period_start >= first ? row.cf_lowercl : null,
        upper: row.period_start >= first ? row.cf_uppercl : null,
        state: observedState(row),
        stateName: STATE_NAMES[observedState(row)],
        place: 0,
        isAlone: false,
        shown: numberOrMark(row.observed, row.suppressed),
        model: numberOrMark(row.fitted, row.suppressed),
        without: row.period_start >= first ? numberOrMark(row.counterfactual, row.suppressed) : DASH,
        limits: row.period_start >= first ? limitsText(row.cf_lowercl, row.cf_uppercl) || DASH : DASH,
        note: row.used ? DASH : "not in the model",
    }));
    const width = CHART_WIDTH - 60,
        height = 230,
        x = timeAxis(periodType);
    const labels = lineLabels(
        (service?.dates ?? []).map((date) => ({ date, label: service.title })),
        width,
        rows[0].period_start,
        rows.at(-1).period_start,
    );
    const top =
        axisTop(
            points.flatMap((point) => [point.value, point.fitted, point.counterfactual]),
            points.map((point) => point.upper),
        ) * headroom(countLines(labels), height);
    const y = (field) => ({
        field,
        type: "quantitative",
        title: unit,
        scale: { domain: [0, top], nice: true },
    });
    const look = { domain: Object.values(names), range: [GREY, BLUE, PINK] };
    const line = (field, dash, extra = {}) => ({
        data: { values: points.map((point) => ({ ...point, line: names[field] })) },
        mark: { type: "line", clip: true, strokeWidth: field === "observed" ? 1.3 : 2.4 },
        encoding: {
            x,
            y: y(field === "observed" ? "onLine" : field),
            color: { field: "line", type: "nominal", scale: look },
            strokeDash: {
                field: "line",
                type: "nominal",
                scale: {
                    domain: look.domain,
                    range: [
                        [1, 0],
                        [1, 0],
                        [6, 4],
                    ],
                },
            },
            ...extra,
        },
    });
    const tooltip = [
        { field: "period", title: "Period" },
        { field: "shown", title: "Observed" },
        { field: "model", title: "Model" },
        { field: "without", title: "Without the service" },
        { field: "limits", title: "95 % limits of that" },
        { field: "note", title: "Note" },
    ];
    const phase = service?.phase_in
        ? [{ from: chartDate(service.phase_in.from), to: chartDate(service.phase_in.to) }]
        : [];
    const unused = points.filter((point) => point.state === "unused"),
        fittedTo = points.filter((point) => point.state === "value");
    const banded = points.filter((point) => isNumber(point.lower) && isNumber(point.upper));
    const words = effectWords(service, review);
    const last = rows
        .filter((row) => row.period_start >= first && isNumber(row.fitted) && isNumber(row.counterfactual))
        .at(-1);
    const layers = [
        ...(phase.length
            ? [
                  {
                      data: { values: phase },
                      mark: { type: "rect", color: PALE_GREY },
                      encoding: { x: { field: "from", type: "temporal" }, x2: { field: "to" } },
                  },
              ]
            : []),
        ...(banded.length
            ? [
                  {
                      data: { values: banded },
                      mark: { type: "area", color: PINK, opacity: 0.15, clip: true },
                      encoding: { x, y: y("lower"), y2: { field: "upper" } },
                  },
              ]
            : []),
        ...dateLayers(labels),
        line("observed"),
        line("fitted"),
        line("counterfactual"),
        {
            data: { values: fittedTo },
            mark: { type: "point", filled: true, size: 20, color: GREY, clip: true },
            encoding: { x, y: y("value") },
        },
        ...(unused.length
            ? [
                  {
                      data: { values: unused },
                      mark: {
                          type: "point",
                          filled: false,
                          fill: "#FFFFFF",
                          color: GREY,
                          size: 36,
                          strokeWidth: 1.5,
                          clip: true,
                      },
                      encoding: { x, y: y("value") },
                  },
              ]
            : []),
        ...stateLayers(points, height, { value: GREY }),
        hoverLayer(x, tooltip),
    ];
    const isCut = points.some((point) => isNumber(point.upper) && point.upper > top);
    return {
        title: `${service?.title ?? review.impact}, ${review.site_name}: ${measure?.title ?? review.measure} with and without the service`,
        caption: [
            `${review.site_name}: ${words.estimate}${words.limits ? ` (95${SPACE}% limits ${words.limits})` : ""}.`,
            last
                ? `In ${periodText(last.period)} the model has ${numberText(last.fitted)} ${unit}; without the service it would have ${numberText(last.counterfactual)} (${limitsText(last.cf_lowercl, last.cf_uppercl)}).`
                : "",
        ].join(" "),
        notes: [
            (service?.dates ?? []).length ? "Dashed: what the trend before would have brought." : "",
            unused.length ? "Hollow: not in the model (incomplete, or in the phase-in)." : "",
            isCut ? "Limits beyond the axis are cut; the table has them." : "",
        ].join(" "),
        description: `Line chart of ${review.site_name}: observed values, the model, and from ${dateText(first)} on the model without the service. ${words.estimate}; 95 % limits ${words.limits}.`,
        spec: { width, height, data: { values: points }, layer: layers },
        columns: [
            { title: "Period", isHead: true, cell: (row) => periodText(row.period) },
            {
                title: `Observed, ${unit}`,
                isNumber: true,
                cell: (row) => numberCell(row.observed, row.suppressed),
            },
            { title: "Model", isNumber: true, cell: (row) => numberCell(row.fitted, row.suppressed) },
            {
                title: "Without the service",
                isNumber: true,
                cell: (row) => numberCell(row.counterfactual, row.suppressed),
            },
            {
                title: "95 % limits",
                isNumber: true,
                cell: (row) => limitsText(row.cf_lowercl, row.cf_uppercl) || DASH,
            },
            { title: "Effect", isNumber: true, cell: (row) => numberText(row.effect) },
            {
                title: "95 % limits",
                isNumber: true,
                cell: (row) => limitsText(row.effect_lowercl, row.effect_uppercl) || DASH,
            },
            {
                title: "Effect is a",
                cell: (row) => (isNumber(row.effect) ? (row.effect_unit ?? DASH) : DASH),
            },
            { title: "In the model", cell: (row) => (row.used ? "yes" : "no") },
        ],
        rows,
    };
}

const TERM_NAMES = {
    effect: "effect over the review",
    ratio: "review over baseline",
    difference: "difference",
    ratio_of_ratios: "change over the comparator's change",
    post_mean_gap: "distance from the mixture of other areas",
    slope: "slope",
    special_causes: "special causes after the date",
};

/** The one number of each method that answers the question; the rest of impact.csv is for the analyst. */
function findingsTable(data, review) {
    const isTrend = data.service(review.impact)?.primary === "trend";
    const rows = data
        .rowsOf("impact", review)
        .filter(
            (row) =>
                row.method !== "power" &&
                (row.refused ||
                    (row.term in TERM_NAMES &&
                        (row.term !== "slope" || (isTrend && row.method === "trend")))),
        );
    if (!rows.length) {
        return null;
    }
    return htmlTable(
        `What each method says: ${data.service(review.impact)?.title ?? review.impact}, ${review.site_name}, ${data.measure(review.measure)?.title ?? review.measure}`,
        [
            {
                title: "Method",
                isHead: true,
                cell: (row) => [
                    capitalised(METHOD_NAMES[row.method] ?? row.method),
                    element(
                        "span",
                        { class: "when" },
                        row.primary ? " declared as primary" : "",
                        row.comparator ? ` beside ${row.comparator}` : "",
                        row.excluded ? ` without ${row.excluded}` : "",
                    ),
                ],
            },
            { title: "What", cell: (row) => (row.refused ? "refused" : TERM_NAMES[row.term]) },
            {
                title: "Estimate",
                isNumber: true,
                cell: (row) => [
                    numberCell(row.estimate, row.suppressed),
                    row.unit && isNumber(row.estimate) ? ` ${row.unit}` : "",
                ],
            },
            {
                title: "95 % limits",
                isNumber: true,
                cell: (row) =>
                    limitsText(row.lowercl, row.uppercl) || (row.suppressed ? withheldMark() : DASH),
            },
            {
                title: "p",
                isNumber: true,
                cell: (row) => (isNumber(row.p) ? probabilityNumber(row.p) : DASH),
            },
            {
                title: "As strong at other dates",
                isNumber: true,
                cell: (row) => placeboText(row.placebo_dates, row.n_placebo_dates),
            },
            {
                title: "As strong in other areas",
                isNumber: true,
                cell: (row) => placeboText(row.placebo_areas, row.n_placebo_areas),
            },
            { title: "Note", cell: (row) => row.note ?? DASH },
        ],
        rows,
    );
}

/** "7 % of 14": the share of placebos that look as strong. */
function placeboText(share, n) {
    return isNumber(share)
        ? `${numberText(share * 100, share < 0.1 ? 1 : 0)}${SPACE}% of ${numberText(n)}`
        : DASH;
}

/** The primary estimate under other choices, drawn with limits. */
function sensitivityFigure(data, review) {
    const rows = data.rowsOf("sensitivity", review);
    const shown = rows.filter((row) => isNumber(row.estimate));
    if (shown.length < 2) {
        return null;
    }
    const primary = data
        .rowsOf("impact", review)
        .find(
            (row) =>
                row.primary && isNumber(row.estimate) && (row.term === "effect" || row.term in TERM_NAMES),
        );
    const unit = primary?.unit ?? "";
    const none = unit === "ratio" ? 1 : 0;
    const name = (row) =>
        row.dimension === "as declared"
            ? `As declared: ${METHOD_NAMES[row.alternative] ?? row.alternative}`
            : `${capitalised(row.dimension)}: ${row.alternative}`;
    const points = shown.map((row) => ({
        name: name(row),
        estimate: row.estimate,
        lower: row.lowercl,
        upper: row.uppercl,
        shown: numberText(row.estimate),
        limits: limitsText(row.lowercl, row.uppercl) || DASH,
        p: probabilityText(row.p),
        kind: row.dimension === "as declared" ? "as declared" : "another choice",
    }));
    const y = {
        field: "name",
        type: "nominal",
        sort: null,
        title: null,
        axis: { labelLimit: 300, grid: false },
    };
    const x = (field) => ({
        field,
        type: "quantitative",
        title: unit === "ratio" ? "ratio; 1 is no effect" : `${unit}; 0 is no effect`,
        scale: { zero: unit !== "ratio" },
        axis: { grid: true, titleAlign: "center", titleAnchor: "middle" },
    });
    const colour = {
        field: "kind",
        type: "nominal",
        scale: { domain: ["as declared", "another choice"], range: [DARK_BLUE, GREY] },
        legend: null,
    };
    const tooltip = [
        { field: "name", title: "Choice" },
        { field: "shown", title: "Estimate" },
        { field: "limits", title: "95 % limits" },
        { field: "p", title: "p" },
    ];
    const signs = new Set(shown.map((row) => Math.sign(row.estimate - none)));
    return {
        title: `${data.service(review.impact)?.title ?? review.impact}, ${review.site_name}: the estimate under other choices`,
        caption: `${signs.size === 1 ? "All estimates have the same direction." : "The direction of the estimate depends on the choice."} The one declared before the run is ${numberText(shown[0].estimate)} ${unit} (${limitsText(shown[0].lowercl, shown[0].uppercl)}); the others run from ${numberText(Math.min(...shown.map((row) => row.estimate)))} to ${numberText(Math.max(...shown.map((row) => row.estimate)))}.`,
        description: `Estimates with 95 % limits: ${points.map((point) => `${point.name} ${point.shown} (${point.limits})`).join("; ")}.`,
        spec: {
            width: CHART_WIDTH - 320,
            height: { step: 22 },
            data: { values: points },
            layer: [
                {
                    data: { values: [{ none }] },
                    mark: { type: "rule", color: INK, strokeDash: [3, 2] },
                    encoding: { x: { field: "none", type: "quantitative" } },
                },
                {
                    mark: { type: "rule", strokeWidth: 2 },
                    encoding: { y, x: x("lower"), x2: { field: "upper" }, color: colour, tooltip },
                },
                {
                    mark: { type: "point", filled: true, size: 70, opacity: 1 },
                    encoding: {
                        y,
                        x: x("estimate"),
                        color: colour,
                        shape: {
                            field: "kind",
                            type: "nominal",
                            scale: {
                                domain: ["as declared", "another choice"],
                                range: ["diamond", "circle"],
                            },
                            legend: null,
                        },
                        tooltip,
                    },
                },
            ],
        },
        columns: [
            { title: "Choice", isHead: true, cell: name },
            { title: "Estimate", isNumber: true, cell: (row) => numberCell(row.estimate, row.suppressed) },
            {
                title: "95 % limits",
                isNumber: true,
                cell: (row) => limitsText(row.lowercl, row.uppercl) || DASH,
            },
            { title: "p", isNumber: true, cell: (row) => (isNumber(row.p) ? probabilityText(row.p) : DASH) },
            { title: "Note", cell: (row) => row.note ?? DASH },
        ],
        rows,
    };
}

/** Everything about one service on one measure, a part for each site. */
function serviceSection(data, figures, service, measure) {
    const reviews = reviewsOf(data, service.id, measure.id);
    if (!reviews.length) {
        return null;
    }
    const began = service.dates?.length
        ? `From ${listText(service.dates.map((date) => dateText(date)))}. `
        : "";
    const hoped =
        service.expected === "none" || !service.expected
            ? "No direction was declared. "
            : `Hoped for: ${EXPECTED_NAMES[service.expected]}. `;
    const parts = reviews.map((review) => {
        const drawn = [counterfactualFigure(data, review), sensitivityFigure(data, review)];
        const table = findingsTable(data, review);
        return [
            element("p", { class: "finding" }, verdictBadge(review.verdict), ` ${typeset(review.sentence)}`),
            review.break_flag
                ? element(
                      "p",
                      { class: "warning" },
                      `Recording may have changed in this series: ${breakFlagText(review.break_flag)}.`,
                  )
                : null,
            drawn[0] ? figures.add(drawn[0]) : null,
            drawn[1] ? figures.add(drawn[1]) : null,
            table,
        ];
    });
    return section(
        anchor("service", service.id, measure.id),
        3,
        service.title,
        element(
            "p",
            null,
            `${began}${hoped}Judged by ${METHOD_NAMES[service.primary] ?? service.primary}, declared before the run.`,
        ),
        parts.flat(),
    );
}
