// Charts in Vega-Lite: the theme, and the layers that several charts share. Colours are the NHS's, told apart by
// colour-blind readers, and every line has a dash pattern of its own as well.

const BLUE = "#005EB8",
    DARK_BLUE = "#003087",
    LIGHT_BLUE = "#41B6E6",
    GREY = "#768692",
    PINK = "#AE2573",
    YELLOW = "#FFB81C",
    INK = "#212B32",
    DARK_GREY = "#425563",
    PALE_GREY = "#E8EDEE";
const SITE_COLOURS = [BLUE, PINK, "#00A499", "#330072", "#ED8B00", "#7C2855", LIGHT_BLUE, DARK_BLUE];
const SITE_DASHES = [
    [1, 0],
    [7, 3],
    [2, 2],
    [9, 3, 2, 3],
    [5, 5],
    [12, 4],
    [4, 2, 1, 2],
    [1, 3],
];
const MAIN_DASH = [1, 0],
    OTHER_DASH = [2, 3];

const STATE_NAMES = {
    withheld: "withheld by disclosure control",
    missing: "missing",
    incomplete: "incomplete: rows are still to come",
};
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
        labelColor: INK,
        titleColor: INK,
        labelFontSize: 12,
        titleFontSize: 12,
        titleFontWeight: "normal",
        gridColor: PALE_GREY,
        domainColor: GREY,
        tickColor: GREY,
        labelFont: "Arial, Helvetica, sans-serif",
        titleFont: "Arial, Helvetica, sans-serif",
    },
    axisX: { grid: false, labelFlush: false, labelOverlap: "greedy" },
    axisY: {
        titleAnchor: "end",
        titleAngle: 0,
        titleAlign: "left",
        titleX: 0,
        titleY: -8,
        titleBaseline: "bottom",
        domain: false,
        ticks: false,
    },
    legend: {
        orient: "top",
        title: null,
        labelFontSize: 12,
        labelColor: INK,
        labelLimit: 320,
        symbolStrokeWidth: 2.5,
        symbolSize: 220,
        labelFont: "Arial, Helvetica, sans-serif",
        columnPadding: 16,
        offset: 32,
    },
    title: {
        fontSize: 13,
        anchor: "start",
        color: INK,
        font: "Arial, Helvetica, sans-serif",
        offset: 10,
        subtitleFont: "Arial, Helvetica, sans-serif",
    },
    line: { strokeWidth: 1.8 },
    concat: { spacing: 24 },
};

/** A spec without the layers and panels that have no number to draw; null when nothing is left. */
function drawable(spec, inherited = []) {
    const values = spec.data?.values ?? inherited;
    const parts = ["layer", "concat", "vconcat"].find((name) => spec[name]);
    if (parts) {
        const left = spec[parts].map((part) => drawable(part, values)).filter(Boolean);
        return left.length ? { ...spec, [parts]: left } : null;
    }
    const { y } = spec.encoding ?? {};
    const hasNumber = y?.type !== "quantitative" || values.some((value) => isNumber(value[y.field]));
    return values.length && hasNumber ? spec : null;
}

/** A spec with what all charts have in common. */
function chartSpec(spec) {
    const isSplit = spec.concat || spec.vconcat; // the legend then stands above titles, which keep their distance
    return {
        $schema: "https://vega.github.io/schema/vega-lite/v6.json",
        autosize: { type: "pad", contains: "padding" },
        ...spec,
        config: { ...THEME, legend: { ...THEME.legend, offset: isSplit ? 10 : THEME.legend.offset } },
    };
}

/** Axis of time; labels are financial years at the points where a period is a year, else years at their beginning. */
function timeAxis(periodType, points = []) {
    const year = "year(datum.value)";
    const starts = [...new Set(points.map((point) => point.date))].sort().map((date) => ({
        year: Number(date.slice(0, 4)),
        month: Number(date.slice(5, 7)),
        date: Number(date.slice(8, 10)),
    }));
    return {
        field: "date",
        type: "temporal",
        title: null,
        axis:
            periodType === "year"
                ? {
                      labelExpr: `${year} + '/' + slice('' + (${year} + 1), 2)`,
                      ...(starts.length ? { values: starts } : {}),
                  }
                : {
                      labelExpr: `month(datum.value) == 0 ? '' + ${year} : timeFormat(datum.value, '%b')`,
                      tickCount: periodType === "month" ? { interval: "month", step: 6 } : "year",
                  },
    };
}

/** A date of the block as a local midnight, so that no time zone moves it to the day before. */
function chartDate(date) {
    return `${date}T00:00:00`;
}

/** Points of a chart from rows of the results table: what tooltips, tables and marks need. */
function chartPoints(rows, seriesName, place = 0) {
    return rows
        .map((row, i) => {
            const state = rowState(row);
            const isDrawn = (other) => other !== undefined && rowState(other) === "value";
            return {
                series: seriesName,
                place,
                row,
                state,
                date: chartDate(row.period_start),
                period: periodText(row.period),
                value: isNumber(row.value) ? row.value : null,
                onLine: state === "value" ? row.value : null,
                isAlone: state === "value" && !isDrawn(rows[i - 1]) && !isDrawn(rows[i + 1]),
                lower: isNumber(row.lowercl) ? row.lowercl : null,
                upper: isNumber(row.uppercl) ? row.uppercl : null,
                stateName: STATE_NAMES[state] ?? null,
                count: numberOrMark(row.total_count, row.suppressed),
                limits: limitsText(row.lowercl, row.uppercl) || DASH,
                shown:
                    state === "withheld"
                        ? "withheld (*)"
                        : state === "missing"
                          ? "missing"
                          : numberText(row.value),
                note:
                    [row.incomplete ? "incomplete: rows are still to come" : "", row.note ?? ""]
                        .filter(Boolean)
                        .join("; ") || DASH,
            };
        })
        .map(({ row, ...point }) => point);
}

function numberOrMark(value, isSuppressed) {
    return isNumber(value) ? numberText(value) : isSuppressed ? "withheld (*)" : DASH;
}

const POINT_TOOLTIP = [
    { field: "series", title: "Area" },
    { field: "period", title: "Period" },
    { field: "shown", title: "Value" },
    { field: "limits", title: "95 % limits" },
    { field: "count", title: "Count" },
    { field: "note", title: "Note" },
];

/** The states of points that need a sign of their own. */
function usedStates(points) {
    return Object.keys(STATE_NAMES).filter((state) => points.some((point) => point.state === state));
}

/**
 * Points without a number at the axis, incomplete ones hollow, lonely ones as a dot: what a line alone would hide.
 *
 * colour: an encoding or {value}; used: the states of all panels of the figure, which share a legend.
 */
function stateLayers(points, height, colour, used = usedStates(points)) {
    const shape = {
        field: "stateName",
        type: "nominal",
        scale: {
            domain: used.map((state) => STATE_NAMES[state]),
            range: used.map((state) => STATE_SHAPES[state]),
        },
        legend: {
            orient: "bottom",
            direction: "horizontal",
            symbolStrokeColor: INK,
            symbolFillColor: "transparent",
            symbolSize: 45,
            symbolStrokeWidth: 1.3,
            offset: 6,
        },
    };
    const layers = [];
    const atAxis = points
        .filter((point) => point.state === "withheld" || point.state === "missing")
        .map((point) => ({ ...point, pixel: height - 5 - 8 * point.place }));

    if (atAxis.length) {
        layers.push({
            data: { values: atAxis },
            mark: { type: "point", size: 22, strokeWidth: 1.2, filled: false },
            encoding: {
                x: { field: "date", type: "temporal" },
                y: { field: "pixel", type: "quantitative", scale: null, axis: null },
                shape,
                color: colour,
                tooltip: POINT_TOOLTIP,
            },
        });
    }
    const incomplete = points.filter((point) => point.state === "incomplete"),
        alone = points.filter((point) => point.isAlone);
    if (incomplete.length) {
        layers.push({
            data: { values: incomplete },
            mark: { type: "point", size: 42, strokeWidth: 1.6, filled: false, opacity: 1 },
            encoding: {
                x: { field: "date", type: "temporal" },
                y: { field: "value", type: "quantitative" },
                shape,
                color: colour,
                tooltip: POINT_TOOLTIP,
            },
        });
    }
    if (alone.length) {
        layers.push({
            data: { values: alone },
            mark: { type: "point", size: 16, filled: true, opacity: 1 },
            encoding: {
                x: { field: "date", type: "temporal" },
                y: { field: "value", type: "quantitative" },
                color: colour,
                tooltip: POINT_TOOLTIP,
            },
        });
    }
    return layers;
}

const LABEL_HEIGHT = 14,
    LETTER_WIDTH = 5.6; // of the labels of vertical lines, in pixels

/** Words in lines of at most so many letters. */
function wrapText(text, letters) {
    return text.split(" ").reduce((lines, word) => {
        const last = lines.at(-1);
        return last !== undefined && last.length + word.length < letters
            ? [...lines.slice(0, -1), `${last} ${word}`]
            : [...lines, word];
    }, []);
}

/** Labels of vertical lines, one below the other, each on the side with more room; marks: [{date, label}]. */
function lineLabels(marks, width, from, to, nAbove = 0) {
    let row = nAbove;
    return marks
        .filter((mark) => mark.date >= from && mark.date <= to)
        .sort((a, b) => (a.date < b.date ? -1 : 1))
        .map((mark) => {
            const share =
                (Date.parse(mark.date) - Date.parse(from)) / (Date.parse(to) - Date.parse(from) || 1);
            const lines = wrapText(mark.label, (width * Math.max(share, 1 - share) - 8) / LETTER_WIDTH);
            const pixel = LABEL_HEIGHT * row + 2;
            row += lines.length;
            return {
                date: chartDate(mark.date),
                when: dateText(mark.date),
                label: mark.label,
                lines,
                pixel,
                isRight: share > 0.5,
            };
        });
}

function countLines(labels) {
    return labels.reduce((n, label) => n + label.lines.length, 0);
}

function labelLayers(labels, mark) {
    return labels.map((label) => ({
        data: { values: [{ date: label.date, pixel: label.pixel }] },
        mark: {
            type: "text",
            text: label.lines,
            align: label.isRight ? "right" : "left",
            baseline: "top",
            lineHeight: LABEL_HEIGHT,
            dx: label.isRight ? -4 : 4,
            fontSize: 11,
            ...mark,
        },
        encoding: {
            x: { field: "date", type: "temporal" },
            y: { field: "pixel", type: "quantitative", scale: null, axis: null },
        },
    }));
}

/** Dashed vertical lines from which services could have worked. */
function dateLayers(labels) {
    return labels.length
        ? [
              {
                  data: { values: labels },
                  mark: { type: "rule", color: DARK_GREY, strokeWidth: 1.3, strokeDash: [3, 2] },
                  encoding: {
                      x: { field: "date", type: "temporal" },
                      tooltip: [
                          { field: "label", title: "Service" },
                          { field: "when", title: "From" },
                      ],
                  },
              },
              ...labelLayers(labels, { color: DARK_GREY, fontStyle: "italic" }),
          ]
        : [];
}

/** Broad yellow lines at suspected recording breaks. */
function breakLayers(labels) {
    return labels.length
        ? [
              {
                  data: { values: labels },
                  mark: { type: "rule", color: YELLOW, strokeWidth: 5, opacity: 0.85 },
                  encoding: {
                      x: { field: "date", type: "temporal" },
                      tooltip: [{ field: "label", title: "Recording" }],
                  },
              },
              ...labelLayers(labels, { color: INK }),
          ]
        : [];
}

/** How much taller an axis has to be for n lines of labels above its points. */
function headroom(n, height) {
    return n ? 1 / (1 - Math.min((LABEL_HEIGHT * n + 8) / height, 0.5)) : 1.04;
}

/** Upper end of a y axis that begins at zero: limits count up to twice the largest value, what is beyond them is cut. */
function axisTop(values, limits) {
    const top = values.filter(isNumber).reduce((a, b) => Math.max(a, b), 0);
    const reach = limits.filter(isNumber).reduce((a, b) => Math.max(a, b), top);
    return top > 0 ? Math.min(reach, 2 * top) : Math.max(reach, 1);
}
