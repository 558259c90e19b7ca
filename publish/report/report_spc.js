// Control charts by the conventions of Making Data Count: grey points and limits, black mean, blue for improvement,
// orange for concern, purple where no direction is better.

const SPC_GREY = "#A6A6A6";
const SPC_LOOKS = {
    "common cause": { colour: SPC_GREY, shape: "circle" },
    improvement: { colour: "#00B0F0", shape: "triangle-up" },
    concern: { colour: "#E46C0A", shape: "square" },
    "special cause, no judgement": { colour: "#490092", shape: "diamond" },
};

/** Common cause, or what a special cause means in the direction of the measure. */
function spcJudgement(point, direction) {
    const cause = String(point.special_cause ?? "").toLowerCase();
    if (!cause || cause === "none" || cause === "common cause") {
        return "common cause";
    }
    if (cause === "improvement" || cause === "concern") {
        return cause;
    }
    const isHigh = /above|increas/.test(cause);
    if (direction === "lower_is_better" || direction === "higher_is_better") {
        return isHigh === (direction === "higher_is_better") ? "improvement" : "concern";
    }
    return "special cause, no judgement";
}

function spcFigure(data, measure) {
    const charts = data.sites.flatMap((site) =>
        data.spc.filter(
            (chart) =>
                chart.measure === measure.id &&
                chart.area_code === site.code &&
                (chart.points ?? []).some((point) => isNumber(point.value)),
        ),
    );
    if (!charts.length) {
        return null;
    }
    const width = CHART_WIDTH - 60,
        height = charts.length > 1 ? 130 : 200;
    const unit = data.valueUnit(measure);
    const kinds = Object.keys(SPC_LOOKS);
    const tooltip = [
        { field: "area", title: "Area" },
        { field: "period", title: "Period" },
        { field: "shown", title: "Value" },
        { field: "limits", title: "Control limits" },
        { field: "cause", title: "Reading" },
    ];
    const rows = [];
    const reading = (point) => {
        const judgement = spcJudgement(point, measure.direction);
        return judgement === "common cause" ? judgement : `${point.special_cause} (${judgement})`;
    };
    const panels = charts.map((chart) => {
        const name = data.areaName(chart.area_code);
        const points = chart.points.map((point) => ({
            ...point,
            area: name,
            area_code: chart.area_code,
            date: chartDate(point.period_start),
            judgement: spcJudgement(point, measure.direction),
            shown: numberText(point.value),
            limits: limitsText(point.lower, point.upper) || DASH,
            periodName: periodText(point.period),
            cause: isNumber(point.value) ? reading(point) : "no value",
        }));
        rows.push(...points);
        const x = { ...timeAxis(chart.period_type), scale: { padding: 8 } };
        const labels = seriesLabels(data, measure, chart.area_code, points, width);
        const all = points.flatMap((point) => [point.value, point.lower, point.upper]).filter(isNumber);
        const low = Math.min(...all),
            high = Math.max(...all);
        const y = (field) => ({
            field,
            type: "quantitative",
            title: unit,
            scale: {
                domain: [
                    low - (high - low) * 0.05,
                    low + (high - low) * headroom(countLines(labels), height),
                ],
                nice: true,
                zero: false,
            },
        });
        const charted = points.filter((point) => isNumber(point.mean));
        const line = (field, mark) => ({
            ...(field === "value" ? {} : { data: { values: charted } }),
            mark: { type: "line", ...mark },
            encoding: { x, y: y(field) },
        });
        return {
            title: { text: name, subtitle: [`${capitalised(spcSummary(points))}. ${chart.note ?? ""}`] },
            width,
            height,
            data: { values: points.map((point) => ({ ...point, period: point.periodName })) },
            layer: [
                ...dateLayers(labels),
                line("mean", { color: "#000000", strokeWidth: 1.2 }),
                line("lower", { color: SPC_GREY, strokeDash: [5, 4], strokeWidth: 1.3 }),
                line("upper", { color: SPC_GREY, strokeDash: [5, 4], strokeWidth: 1.3 }),
                line("value", { color: SPC_GREY, strokeWidth: 1.6 }),
                {
                    data: {
                        values: points
                            .filter((point) => isNumber(point.value))
                            .map((point) => ({ ...point, period: point.periodName })),
                    },
                    mark: { type: "point", filled: true, size: 52, opacity: 1 },
                    encoding: {
                        x,
                        y: y("value"),
                        tooltip,
                        color: {
                            field: "judgement",
                            type: "nominal",
                            scale: { domain: kinds, range: kinds.map((kind) => SPC_LOOKS[kind].colour) },
                        },
                        shape: {
                            field: "judgement",
                            type: "nominal",
                            scale: { domain: kinds, range: kinds.map((kind) => SPC_LOOKS[kind].shape) },
                        },
                    },
                },
            ],
        };
    });
    const sentences = charts.map(
        (chart) =>
            `${data.areaName(chart.area_code)}: ${spcSummary(chart.points.map((point) => ({ ...point, judgement: spcJudgement(point, measure.direction) })))}.`,
    );
    return {
        title: `${measure.title}: control charts`,
        caption: `What lies between the dashed limits and follows no pattern is ordinary variation. ${sentences.join(" ")}`,
        notes: [
            "The axis does not begin at zero; limits are the mean ± 2.66 mean steps from point to point.",
        ].join(" "),
        description: `A control chart for each of ${listText(charts.map((chart) => data.areaName(chart.area_code)))}. ${sentences.join(" ")}`,
        spec: { vconcat: panels, resolve: { scale: { color: "shared", shape: "shared" } } },
        columns: [
            { title: "Period", isHead: true, cell: (row) => row.periodName },
            { title: "Area", cell: (row) => row.area },
            { title: "Value", isNumber: true, cell: (row) => numberText(row.value) },
            { title: "Mean", isNumber: true, cell: (row) => numberText(row.mean) },
            { title: "Control limits", isNumber: true, cell: (row) => row.limits },
            { title: "Reading", cell: (row) => row.cause },
        ],
        rows,
    };
}

/** "2 improvements, 1 concern of 39 points" */
function spcSummary(allPoints) {
    const points = allPoints.filter((point) => isNumber(point.value));
    const special = points.filter((point) => point.judgement !== "common cause");
    const n = (kind) => special.filter((point) => point.judgement === kind).length;
    const parts = [
        [n("improvement"), "of improvement"],
        [n("concern"), "of concern"],
        [n("special cause, no judgement"), "special without judgement"],
    ]
        .filter(([count]) => count)
        .map(([count, what]) => `${count} ${what}`);
    return parts.length
        ? `of ${countText(points.length, "point")} ${listText(parts)}`
        : `${countText(points.length, "point")}, all ordinary variation`;
}
