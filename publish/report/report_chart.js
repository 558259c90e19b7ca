// Charts in Vega-Lite: the theme, and the layers that several charts share. Colours are the NHS's, told apart by
// colour-blind readers, and every line has a dash pattern of its own as well.

const BLUE = "#005EB8", DARK_BLUE = "#003087", LIGHT_BLUE = "#41B6E6", GREY = "#768692", PINK = "#AE2573", YELLOW = "#FFB81C",
    INK = "#212B32", DARK_GREY = "#425563", PALE_GREY = "#E8EDEE";
const SITE_COLOURS = [BLUE, PINK, "#00A499", "#330072", "#ED8B00", "#7C2855", LIGHT_BLUE, DARK_BLUE];
const SITE_DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [5, 5], [12, 4], [4, 2, 1, 2], [1, 3]];
const MAIN_DASH = [1, 0], OTHER_DASH = [2, 3];

const STATE_NAMES = { withheld: "withheld by disclosure control", missing: "missing", incomplete: "incomplete: rows are still to come" };
const STATE_SHAPES = {
    withheld: "M0,-1L0,1M-0.87,-0.5L0.87,0.5M0.87,-0.5L-0.87,0.5", // an asterisk
    missing: "M-0.8,-0.8L0.8,0.8M-0.8,0.8L0.8,-0.8", // a cross
    incomplete: "circle",
};

const THEME = {
    font: "Arial, Helvetica, sans-serif",
    background: "#FFFFFF",
    aria: false, // the figure has one description in words instead of one a mark
    view: { stroke: null },
    axis: {
        labelColor: INK, titleColor: INK, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", gridColor: PALE_GREY,
        domainColor: GREY, tickColor: GREY, labelFont: "Arial, Helvetica, sans-serif", titleFont: "Arial, Helvetica, sans-serif",
    },
    axisX: { grid: false, labelFlush: false, labelOverlap: "greedy" },
    axisY: { titleAnchor: "end", titleAngle: 0, titleAlign: "left", titleX: 0, titleY: -8, titleBaseline: "bottom", domain: false, ticks: false },
    legend: {
        orient: "top", title: null, labelFontSize: 12, labelColor: INK, labelLimit: 320, symbolStrokeWidth: 2.5, symbolSize: 220,
        labelFont: "Arial, Helvetica, sans-serif", columnPadding: 16, offset: 22,
    },
    title: { fontSize: 13, anchor: "start", color: INK, font: "Arial, Helvetica, sans-serif", offset: 10, subtitleFont: "Arial, Helvetica, sans-serif" },
    line: { strokeWidth: 1.8 },
    concat: { spacing: 24 },
};

/** A spec with what all charts have in common. */
function chartSpec(spec) {
    return { $schema: "https://vega.github.io/schema/vega-lite/v6.json", autosize: { type: "pad", contains: "padding" }, ...spec, config: THEME };
}

/** Axis of time; labels are financial years where a period is a year, else years at their beginning. */
function timeAxis(periodType) {
    const year = "year(datum.value)";
    const isYear = periodType === "year";
    const financial = `${year} + '/' + slice('' + (${year} + 1), 2)`;
    return {
        field: "date", type: "temporal", title: null,
        axis: isYear ? { labelExpr: financial, tickCount: "year" }
            : { labelExpr: `month(datum.value) == 0 ? '' + ${year} : timeFormat(datum.value, '%b')`, tickCount: periodType === "month" ? { interval: "month", step: 6 } : "year" },
    };
}

/** A date of the block as a local midnight, so that no time zone moves it to the day before. */
function chartDate(date) {
    return `${date}T00:00:00`;
}

/** Points of a chart from rows of the results table: what tooltips, tables and marks need. */
function chartPoints(rows, seriesName, place = 0) {
    return rows.map((row, i) => {
        const state = rowState(row);
        const isDrawn = (other) => other !== undefined && rowState(other) === "value";
        return {
            series: seriesName, place, row, state, date: chartDate(row.period_start), period: periodText(row.period),
            value: isNumber(row.value) ? row.value : null,
            onLine: state === "value" ? row.value : null,
            isAlone: state === "value" && !isDrawn(rows[i - 1]) && !isDrawn(rows[i + 1]),
            lower: isNumber(row.lowercl) ? row.lowercl : null, upper: isNumber(row.uppercl) ? row.uppercl : null,
            stateName: STATE_NAMES[state] ?? null,
            count: numberOrMark(row.total_count, row.suppressed), limits: limitsText(row.lowercl, row.uppercl) || DASH,
            shown: state === "withheld" ? "withheld (*)" : state === "missing" ? "missing" : numberText(row.value),
            note: [row.incomplete ? "incomplete: rows are still to come" : "", row.note ?? ""].filter(Boolean).join("; ") || DASH,
        };
    }).map(({ row, ...point }) => point);
}

function numberOrMark(value, isSuppressed) {
    return isNumber(value) ? numberText(value) : isSuppressed ? "withheld (*)" : DASH;
}

const POINT_TOOLTIP = [
    { field: "series", title: "Area" }, { field: "period", title: "Period" }, { field: "shown", title: "Value" },
    { field: "limits", title: "95 % limits" }, { field: "count", title: "Count" }, { field: "note", title: "Note" },
];

/** Points without a number at the axis, incomplete ones hollow, lonely ones as a dot; what a line alone would hide. */
function stateLayers(points, height, colour) {
    const used = Object.keys(STATE_NAMES).filter((state) => points.some((point) => point.state === state));
    const shape = {
        field: "stateName", type: "nominal",
        scale: { domain: used.map((state) => STATE_NAMES[state]), range: used.map((state) => STATE_SHAPES[state]) },
        legend: { orient: "bottom", direction: "horizontal", symbolStrokeColor: INK, symbolFillColor: "transparent", symbolSize: 45, symbolStrokeWidth: 1.3, offset: 6 },
    };
    const layers = [];
    const atAxis = points.filter((point) => point.state === "withheld" || point.state === "missing")
        .map((point) => ({ ...point, pixel: height - 5 - 8 * point.place }));

    if (atAxis.length) {
        layers.push({
            data: { values: atAxis },
            mark: { type: "point", size: 22, strokeWidth: 1.2, filled: false },
            encoding: { x: { field: "date", type: "temporal" }, y: { field: "pixel", type: "quantitative", scale: null, axis: null }, shape, color: colour, tooltip: POINT_TOOLTIP },
        });
    }
    if (used.includes("incomplete")) {
        layers.push({
            transform: [{ filter: "datum.state == 'incomplete'" }],
            mark: { type: "point", size: 42, strokeWidth: 1.6, filled: true, fill: "#FFFFFF" },
            encoding: { x: { field: "date", type: "temporal" }, y: { field: "value", type: "quantitative" }, shape, stroke: colour, tooltip: POINT_TOOLTIP },
        });
    }
    if (points.some((point) => point.isAlone)) {
        layers.push({
            transform: [{ filter: "datum.isAlone" }],
            mark: { type: "point", size: 16, filled: true, opacity: 1 },
            encoding: { x: { field: "date", type: "temporal" }, y: { field: "value", type: "quantitative" }, color: colour, tooltip: POINT_TOOLTIP },
        });
    }
    return layers;
}

/** Vertical lines at dates, labelled; dates: [{date, label}]. */
function dateLayers(dates, width, from, to) {
    const shown = dates.filter((one) => one.date >= from && one.date <= to).sort((a, b) => (a.date < b.date ? -1 : 1));
    if (!shown.length) {
        return [];
    }
    const span = Date.parse(to) - Date.parse(from) || 1;
    const values = shown.map((one, i) => {
        const share = (Date.parse(one.date) - Date.parse(from)) / span;
        const isRight = share > 0.6;
        return { date: chartDate(one.date), when: dateText(one.date), label: isRight ? `${one.label} ` : ` ${one.label}`, align: isRight ? "right" : "left", pixel: 4 + 14 * (i % 3) };
    });
    const text = (align) => ({
        transform: [{ filter: `datum.align == '${align}'` }],
        mark: { type: "text", align, baseline: "top", dx: align === "left" ? 3 : -3, fontSize: 11, color: DARK_GREY, limit: width * 0.58, fontStyle: "italic" },
        encoding: { x: { field: "date", type: "temporal" }, y: { field: "pixel", type: "quantitative", scale: null, axis: null }, text: { field: "label" } },
    });
    return [{
        data: { values },
        layer: [
            { mark: { type: "rule", color: DARK_GREY, strokeWidth: 1.3, strokeDash: [3, 2] }, encoding: { x: { field: "date", type: "temporal" }, tooltip: [{ field: "label", title: "Service" }, { field: "when", title: "From" }] } },
            text("left"), text("right"),
        ],
    }];
}

/** Upper end of a y axis that begins at zero: limits count up to twice the largest value, what is beyond them is cut. */
function axisTop(values, limits) {
    const top = Math.max(...values.filter(isNumber), 0);
    const reach = Math.max(...limits.filter(isNumber), top);
    return top > 0 ? Math.min(reach, 2 * top) * 1.04 : Math.max(reach, 1);
}
