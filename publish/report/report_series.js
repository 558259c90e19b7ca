// Figures of a measure over time: sites beside the comparator, each site with its limits, growth, and straight lines.

const SHARED_SCALES = { color: "shared", strokeDash: "shared", shape: "shared" };
const COUNTED = ["count", "bed_days"]; // of these a country has so many more than a site that they need a panel of their own

/** The areas of a figure: {code, name, isMain, isSite}; a comparator made for one site has the name it has in the study. */
function seriesAreas(data, measure) {
    const sites = data.sites.map((site) => ({ code: site.code, name: site.name, isSite: true }));
    const main = data.mainComparator();
    return main && data.areaSeries(measure, main).length
        ? [...sites, { code: main, name: main, isMain: true }]
        : sites;
}

/** Colour and dash of each series by its name, as shared encodings. */
function seriesEncodings(areas) {
    let next = 0;
    const looks = areas.map((area) => {
        if (area.isMain) {
            return { name: area.name, colour: INK, dash: MAIN_DASH };
        }
        const i = next++ % SITE_COLOURS.length;
        return { name: area.name, colour: SITE_COLOURS[i], dash: SITE_DASHES[i] };
    });
    return lookEncodings(looks);
}

/** Encodings of lines by name; looks: [{name, colour, dash}]. */
function lookEncodings(looks) {
    const scale = (key) => ({
        domain: looks.map((look) => look.name),
        range: looks.map((look) => look[key]),
    });
    const encoding = (key) => ({
        field: "series",
        type: "nominal",
        scale: scale(key),
        legend: { symbolType: "stroke" },
    });
    return { color: encoding("colour"), strokeDash: encoding("dash") };
}

/** Lines, the main comparator's bold and behind the others. */
function lineLayers(points, mainName, x, y, encodings) {
    const layer = (values, strokeWidth) =>
        values.length
            ? [
                  {
                      data: { values },
                      mark: { type: "line", clip: true, strokeWidth },
                      encoding: { x, y, ...encodings },
                  },
              ]
            : [];
    return [
        ...layer(
            points.filter((point) => point.series === mainName),
            3.4,
        ),
        ...layer(
            points.filter((point) => point.series !== mainName),
            2,
        ),
    ];
}

/** One panel of lines over time. */
function linePanel(points, encodings, options) {
    const {
        periodType,
        unit,
        height,
        width,
        dates = [],
        breaks = [],
        isFromZero = true,
        mainName,
        used,
    } = options;
    const x = timeAxis(periodType, points);
    const all = points.map((point) => point.date.slice(0, 10)).sort();
    const labels = lineLabels(dates, width, all[0], all.at(-1)),
        breakLabels = lineLabels(breaks, width, all[0], all.at(-1), countLines(labels));
    const top =
        axisTop(
            points.map((point) => point.value),
            [],
        ) * headroom(countLines([...labels, ...breakLabels]), height);
    const y = {
        field: "onLine",
        type: "quantitative",
        title: unit,
        scale: isFromZero ? { domain: [0, top], nice: true } : { zero: false, nice: true },
    };
    return {
        width,
        height,
        data: { values: points },
        layer: [
            ...breakLayers(breakLabels),
            ...dateLayers(labels),
            ...lineLayers(points, mainName, x, y, encodings),
            ...stateLayers(points, height, encodings.color, used),
            hoverLayer(x),
        ],
    };
}

/** Invisible points that carry the tooltips, large enough to be hit. */
function hoverLayer(x, tooltip = POINT_TOOLTIP) {
    return {
        mark: { type: "point", size: 90, opacity: 0, filled: true },
        encoding: { x, y: { field: "value", type: "quantitative" }, tooltip },
    };
}

const POINT_COLUMNS = (unit) => [
    { title: "Period", isHead: true, cell: (row) => periodText(row.period) },
    { title: "Area", cell: (row) => row.area_name ?? row.area_code },
    {
        title: unit ? capitalised(unit) : "Value",
        isNumber: true,
        cell: (row) => numberCell(row.value, row.suppressed),
    },
    {
        title: "95 % limits",
        isNumber: true,
        cell: (row) => limitsText(row.lowercl, row.uppercl) || (row.suppressed ? withheldMark() : DASH),
    },
    { title: "Count", isNumber: true, cell: (row) => numberCell(row.total_count, row.suppressed) },
    { title: "Beside the comparator", cell: (row) => row.compared ?? DASH },
    {
        title: "Note",
        cell: (row) =>
            [row.incomplete ? "incomplete" : "", row.note ?? ""].filter(Boolean).join("; ") || DASH,
    },
];

/** Sites and the main comparator as lines; several measures as stacked panels of one figure. */
function seriesFigure(data, measures) {
    const panels = [],
        rows = [];
    const areas = measures
        .map((measure) => seriesAreas(data, measure))
        .reduce((a, b) => (b.length > a.length ? b : a));
    const encodings = seriesEncodings(areas);
    const used = usedStates(
        measures.flatMap((measure) =>
            areas.flatMap((area) => chartPoints(data.areaSeries(measure, area.code), area.name)),
        ),
    );

    for (const measure of measures) {
        const periodType = data.periodType(measure);
        const isCounted = COUNTED.includes(measure.statistic);
        const points = areas.map((area, i) => ({
            area,
            points: chartPoints(data.areaSeries(measure, area.code), area.name, i),
        }));
        const shared = {
            periodType,
            unit: data.valueUnit(measure),
            width: CHART_WIDTH - 60,
            mainName: data.mainComparator(),
            used,
        };
        const upper = points.filter((one) => !(isCounted && one.area.isMain)).flatMap((one) => one.points);
        const main = isCounted ? points.filter((one) => one.area.isMain).flatMap((one) => one.points) : [];
        const isFromZero = measure.statistic !== "growth";

        areas.forEach((area) => rows.push(...data.areaSeries(measure, area.code)));
        if (upper.length) {
            panels.push({
                ...linePanel(upper, encodings, {
                    ...shared,
                    height: measures.length > 1 ? 190 : 250,
                    dates: measure.dates ?? [],
                    isFromZero,
                }),
                title: measures.length > 1 ? measure.title : undefined,
            });
        }
        if (main.length) {
            panels.push({
                ...linePanel(main, encodings, { ...shared, height: 110, isFromZero }),
                title: `${data.mainComparator()}, on its own scale`,
            });
        }
    }
    if (!rows.length || !panels.length) {
        return null;
    }
    const names = areas.map((area) => area.name);
    const own = measures.length > 1 ? listText(measures.map((measure) => measure.title)) : measures[0].title;
    return {
        title: `${own}: ${listText(names)}`,
        caption: `${periodWord(data, measures[0])}, ${rangeText(data.study.period_from, data.study.period_to)}. ${measures.map((measure) => latestSentence(data, measure)).join(" ")}`,
        notes: stateNotes(
            rows,
            measures.some((measure) => (measure.dates ?? []).length),
        ),
        description: `Line chart over time with one line for each of ${listText(names)}. ${measures.map((measure) => latestSentence(data, measure)).join(" ")}`,
        spec: panels.length > 1 ? { vconcat: panels, resolve: { scale: SHARED_SCALES } } : panels[0],
        columns:
            measures.length > 1
                ? [
                      { title: "Measure", cell: (row) => data.measure(row.measure).title },
                      ...POINT_COLUMNS("Value"),
                  ]
                : POINT_COLUMNS(data.valueUnit(measures[0])),
        rows,
    };
}

function periodWord(data, measure) {
    return PERIOD_NAMES[data.periodType(measure)];
}

/** What the last complete period shows, in words. */
function latestSentence(data, measure) {
    const series = data.sites
        .map((site) => ({ site, rows: data.areaSeries(measure, site.code) }))
        .filter((one) => one.rows.length);
    const periods = [
        ...new Set(
            series.flatMap((one) =>
                one.rows.filter((row) => rowState(row) === "value").map((row) => row.period_start),
            ),
        ),
    ].sort();
    const last = periods.at(-1);
    if (!last) {
        return series.length ? `${measure.title}: no value is shown of any site.` : "";
    }
    const at = series
        .map((one) => ({ site: one.site, row: one.rows.find((row) => row.period_start === last) }))
        .filter((one) => one.row);
    const main =
        data.mainComparator() &&
        data.areaSeries(measure, data.mainComparator()).find((row) => row.period_start === last);
    const values = at.map(
        ({ site, row }) =>
            `${site.name} ${rowState(row) === "withheld" ? "withheld" : rowState(row) === "missing" ? "no value" : numberText(row.value)}${row.compared && isNumber(row.value) ? ` (${row.compared})` : ""}`,
    );
    const other = main && isNumber(main.value) ? `; ${main.area_name} ${numberText(main.value)}` : "";
    return `${measure.title}, ${data.valueUnit(measure)}, in ${periodText(at[0].row.period)}, the last complete period: ${listText(values)}${other}.`;
}

/** What the signs of a chart mean, those that are in it. */
function stateNotes(rows, hasDates) {
    const states = new Set(rows.map(rowState));
    const notes = [
        hasDates ? "A dashed vertical line is the day from which a service could have worked." : "",
        states.has("incomplete") ? "Hollow: incomplete, rows are still to come." : "",
        states.has("withheld") ? "Asterisk at the axis: withheld by disclosure control." : "",
        states.has("missing") ? "Cross at the axis: no value, the line is interrupted." : "",
    ];
    return notes.filter(Boolean).join(" ");
}

/** Services of a site on a measure as dates with their titles. */
function siteDates(data, measure, siteCode) {
    return (measure.dates ?? []).filter((one) =>
        (one.sites ?? data.service(one.impact)?.sites ?? [siteCode]).includes(siteCode),
    );
}

/** The labels of a site's services in a panel of its rows. */
function seriesLabels(data, measure, siteCode, rows, width) {
    return rows.length
        ? lineLabels(
              siteDates(data, measure, siteCode),
              width,
              rows[0].period_start,
              rows.at(-1).period_start,
          )
        : [];
}

/** One panel a site: its line with limits, the comparators behind it. */
function limitsFigure(data, measure) {
    const periodType = data.periodType(measure);
    const isCounted = COUNTED.includes(measure.statistic);
    const sites = data.sites.filter((site) =>
        data.areaSeries(measure, site.code).some((row) => isNumber(row.lowercl)),
    );
    if (!sites.length || measure.statistic === "growth") {
        return null;
    }
    const columns = Math.min(sites.length, 3);
    const width = Math.round((CHART_WIDTH - 70 * columns) / columns),
        height = columns > 1 ? 190 : 240;
    const panels = [],
        rows = [];
    const main = data.mainComparator();
    const comparators = isCounted
        ? []
        : [
              ...new Set(
                  sites.flatMap((site) => data.comparatorsOf(measure, site.code).map((one) => one.name)),
              ),
          ];
    const looks = [
        { name: "Site, with 95 % limits", colour: BLUE, dash: [1, 0] },
        ...comparators.map((name) =>
            name === main ? { name, colour: INK, dash: MAIN_DASH } : { name, colour: GREY, dash: OTHER_DASH },
        ),
    ];
    const encodings = lookEncodings(looks);
    const seriesOf = new Map(sites.map((site) => [site.code, data.areaSeries(measure, site.code)]));
    const shownRows = sites.flatMap((site) => seriesOf.get(site.code));
    const used = usedStates(shownRows.map((row) => ({ state: rowState(row) })));
    const top = axisTop(
        [
            ...shownRows.map((row) => row.value),
            ...(main && !isCounted ? data.areaSeries(measure, main).map((row) => row.value) : []),
        ],
        shownRows.map((row) => row.uppercl),
    );
    const isCut =
        shownRows.some((row) => isNumber(row.uppercl) && row.uppercl > top) ||
        shownRows.some((row) => isNumber(row.lowercl) && row.lowercl < 0);

    const labels = new Map(
        sites.map((site) => [
            site.code,
            seriesLabels(data, measure, site.code, seriesOf.get(site.code), width),
        ]),
    );
    const room = headroom(Math.max(...[...labels.values()].map(countLines)), height);

    for (const site of sites) {
        const own = chartPoints(seriesOf.get(site.code), looks[0].name);
        const others = isCounted
            ? []
            : data
                  .comparatorsOf(measure, site.code)
                  .flatMap((one) =>
                      chartPoints(data.areaSeries(measure, one.code), one.name).filter(
                          (point) => point.state === "value",
                      ),
                  );
        const x = timeAxis(periodType);
        const y = (field, title) => ({
            field,
            type: "quantitative",
            title,
            scale: { domain: [0, top * room], nice: true },
        });
        rows.push(...seriesOf.get(site.code));
        const bands = bandRuns(own),
            named = own.map((point) => ({ ...point, series: site.name }));
        panels.push({
            title: site.name,
            width,
            height,
            layer: [
                ...dateLayers(labels.get(site.code)),
                ...(bands.length
                    ? [
                          {
                              data: { values: bands },
                              mark: { type: "area", color: BLUE, opacity: 0.18, clip: true },
                              encoding: {
                                  x,
                                  y: y("lower", data.valueUnit(measure)),
                                  y2: { field: "upper" },
                                  detail: { field: "run" },
                              },
                          },
                      ]
                    : []),
                ...lineLayers([...others, ...own], main, x, y("onLine", data.valueUnit(measure)), encodings),
                {
                    data: { values: named },
                    layer: [...stateLayers(named, height, { value: BLUE }, used), hoverLayer(x)],
                },
            ],
        });
    }
    const sentences = sites
        .map((site) => comparedSentence(data, site, seriesOf.get(site.code)))
        .filter(Boolean);
    return {
        title: `${measure.title}: each site with 95 % limits`,
        caption:
            sentences.join(" ") ||
            `Each site's values with their 95 % limits (${measure.interval ?? "as declared"}).`,
        notes: [
            stateNotes(
                shownRows,
                [...labels.values()].some((list) => list.length),
            ),
            isCut ? "Limits beyond the axis are cut; the table has them." : "",
        ].join(" "),
        description: `A panel for each of ${listText(sites.map((site) => site.name))} with the values as a line and the 95 % limits as a band. ${sentences.join(" ")}`,
        spec: { columns, concat: panels, resolve: { scale: SHARED_SCALES } },
        columns: POINT_COLUMNS(data.valueUnit(measure)),
        rows,
    };
}

/** Limits as bands that end where a point has none: the number of the run that each point is in. */
function bandRuns(points) {
    let run = 0;
    return points.flatMap((point) => {
        if (point.lower === null || point.upper === null) {
            run++;
            return [];
        }
        return [{ ...point, run }];
    });
}

/** "Somerset was better than England in 3 of 39 quarters, similar in 30 and worse in 6." */
function comparedSentence(data, site, rows) {
    const judged = rows.filter((row) => row.compared && isNumber(row.value));
    if (!judged.length) {
        return "";
    }
    const names = ["better", "lower", "similar", "higher", "worse"];
    const counts = names
        .map((name) => [name, judged.filter((row) => row.compared === name).length])
        .filter(([, n]) => n);
    const than = {
        better: "better than",
        lower: "below",
        similar: "similar to",
        higher: "above",
        worse: "worse than",
    };
    const parts = counts.map(
        ([name, n], i) =>
            `${i ? `${name === "similar" ? "similar" : name === "lower" ? "below" : name === "higher" ? "above" : name} in ${n}` : `${than[name]} ${judged[0].comparator} in ${n}`}`,
    );
    return `${site.name}, of ${countText(judged.length, "period")} compared: ${listText(parts)}.`;
}

/** Points of each site with the fitted straight line. */
function trendFigure(data, measure) {
    const trends = data.sites.flatMap((site) =>
        data.trends.filter(
            (trend) =>
                trend.measure === measure.id && trend.area_code === site.code && (trend.line ?? []).length,
        ),
    );
    if (!trends.length) {
        return null;
    }
    const columns = Math.min(trends.length, 3);
    const width = Math.round((CHART_WIDTH - 70 * columns) / columns),
        height = 190;
    const rows = trends.flatMap((trend) => data.areaSeries(measure, trend.area_code, trend.period_type));
    const top = axisTop(
        rows.map((row) => row.value),
        [],
    );
    const used = usedStates(rows.map((row) => ({ state: rowState(row) })));
    const fitted = new Map(
        trends.flatMap((trend) =>
            trend.line.map((point) => [`${trend.area_code} ${point.period_start}`, point.fitted]),
        ),
    );
    const labels = trends.map((trend) =>
        seriesLabels(
            data,
            measure,
            trend.area_code,
            data.areaSeries(measure, trend.area_code, trend.period_type),
            width,
        ),
    );
    const room = headroom(Math.max(...labels.map(countLines)), height);
    const panels = trends.map((trend, i) => {
        const points = chartPoints(
            data.areaSeries(measure, trend.area_code, trend.period_type),
            data.areaName(trend.area_code),
        );
        const x = timeAxis(trend.period_type);
        const y = (field) => ({
            field,
            type: "quantitative",
            title: data.valueUnit(measure),
            scale: { domain: [0, top * room], nice: true },
        });
        return {
            title: data.areaName(trend.area_code),
            width,
            height,
            layer: [
                ...dateLayers(labels[i]),
                {
                    data: { values: points.filter((point) => point.state === "value") },
                    mark: { type: "point", filled: true, color: BLUE, size: 26, opacity: 0.9, clip: true },
                    encoding: { x, y: y("value"), tooltip: POINT_TOOLTIP },
                },
                {
                    data: { values: points },
                    layer: stateLayers(
                        points.map((point) => ({ ...point, isAlone: false })),
                        height,
                        { value: BLUE },
                        used,
                    ),
                },
                {
                    data: {
                        values: trend.line.map((point) => ({
                            date: chartDate(point.period_start),
                            fitted: point.fitted,
                        })),
                    },
                    mark: { type: "line", color: PINK, strokeWidth: 2.2, clip: true },
                    encoding: { x, y: y("fitted") },
                },
            ].filter((layer) => !layer.layer || layer.layer.length),
        };
    });
    const sentences = trends.map(
        (trend) =>
            `${data.areaName(trend.area_code)}: slope ${numberText(trend.slope)} ${trend.unit || `a ${trend.period_type}`} (95 % limits ${limitsText(trend.slope_lowercl, trend.slope_uppercl)}), ${probabilityText(trend.p)}.`,
    );
    return {
        title: `${measure.title}: ${trends[0].period_type === "month" ? "months" : `${trends[0].period_type}s`} and fitted straight line`,
        caption: `Points are ${trends[0].period_type} values, the line is fitted by ordinary least squares. ${sentences.join(" ")}`,
        notes: [stateNotes(rows, false), ...trends.map((trend) => trend.note).filter(Boolean)].join(" "),
        description: `A panel for each of ${listText(trends.map((trend) => data.areaName(trend.area_code)))} with points and a straight line. ${sentences.join(" ")}`,
        spec: { columns, concat: panels, resolve: { scale: SHARED_SCALES } },
        columns: [
            ...POINT_COLUMNS(data.valueUnit(measure)).slice(0, 3),
            {
                title: "Fitted",
                isNumber: true,
                cell: (row) => numberText(fitted.get(`${row.area_code} ${row.period_start}`)),
            },
            ...POINT_COLUMNS("").slice(4, 5),
        ],
        rows,
    };
}
