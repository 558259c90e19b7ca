// The section of a measure: what it counts, its figures, its services, and what others reported of it.

const DIRECTION_NAMES = {
    lower_is_better: "lower is better",
    higher_is_better: "higher is better",
    neutral: "neither direction is better",
};

/** Measures that name the same figure and period share stacked panels: the first of them shows all. */
function panelMates(data, measure) {
    const label = measure.figure;
    const mates = label
        ? data.measures.filter(
              (other) =>
                  other.figure === label &&
                  data.periodType(other) === data.periodType(measure) &&
                  !COUNTED.includes(other.statistic) &&
                  other.statistic !== "growth",
          )
        : [];
    return mates.includes(measure) ? mates : [measure];
}

function measureSection(data, figures, measure) {
    const mates = panelMates(data, measure);
    const contents = [
        mates[0] === measure ? seriesFigure(data, mates) : null,
        limitsFigure(data, measure),
        ...splitFigures(data, measure),
        trendFigure(data, measure),
    ];
    const overview = contents
        .filter(Boolean)
        .map((content) => figures.add(content))
        .filter(Boolean);
    const services = data.services
        .map((service) => serviceSection(data, figures, service, measure))
        .filter(Boolean);
    const variation = [spcFigure(data, measure), funnelFigure(data, measure), reportedFigure(data, measure)]
        .filter(Boolean)
        .map((content) => figures.add(content))
        .filter(Boolean);
    const notes = data.spc
        .filter((chart) => chart.measure === measure.id && !(chart.points ?? []).length && chart.note)
        .map((chart) => `${data.areaName(chart.area_code)}: no control chart, ${chart.note}.`);
    const shared =
        mates.length > 1 && mates[0] !== measure
            ? element(
                  "p",
                  null,
                  "Its line stands in the figure of ",
                  link(anchor("measure", mates[0].id), mates[0].title),
                  ".",
              )
            : null;

    return section(
        anchor("measure", measure.id),
        2,
        measure.title,
        element("p", { class: "definition" }, measure.definition, ` ${factText(data, measure)}`),
        shared,
        overview,
        services,
        overview.length || services.length || variation.length
            ? null
            : element("p", null, "No value of any site can be shown: all are withheld or missing."),
        variation,
        notes.length ? element("p", { class: "notes" }, notes.join(" ")) : null,
    );
}

function factText(data, measure) {
    const facts = [
        `Counted by ${listText(measure.by ?? [])}`,
        data.valueUnit(measure),
        DIRECTION_NAMES[measure.direction],
        measure.figure ? `after ${measure.figure} of the study` : "",
    ];
    return `${facts.filter(Boolean).join("; ")}.`;
}

/** Numbers from elsewhere beside ours. */
function reportedFigure(data, measure) {
    const rows = data.rows("reported").filter((row) => row.measure === measure.id);
    const areas = [...new Set(rows.map((row) => row.area_code))];
    const shown = rows.filter((row) => isNumber(row.ours) && isNumber(row.reported));
    if (!shown.length) {
        return null;
    }
    const name = (row, whose) =>
        `${data.areaName(row.area_code)}, ${whose}${new Set(rows.map((one) => one.series)).size > 1 && row.series ? `: ${row.series}` : ""}`;
    const starts = new Map(
        data
            .rows("results")
            .filter((row) => row.measure === measure.id)
            .map((row) => [row.period, row.period_start]),
    );
    const periodType = /^\d{4}-\d{2}$/.test(rows[0].period)
        ? "month"
        : /Q/.test(rows[0].period)
          ? "quarter"
          : "year";
    const points = shown
        .filter((row) => starts.has(row.period))
        .flatMap((row) =>
            [
                ["ours", row.ours],
                ["reported", row.reported],
            ].map(([whose, value]) => ({
                date: chartDate(starts.get(row.period)),
                period: periodText(row.period),
                series: name(row, whose === "ours" ? "hospital records" : row.source || "reported"),
                value,
                onLine: value,
                shown: numberText(value),
                percent: percentText(row.percent),
                note: row.note ?? DASH,
            })),
        );
    if (!points.length) {
        return null;
    }
    const encodings = seriesEncodings(
        [...new Set(points.map((point) => point.series))].map((series) => ({ name: series })),
    );
    const x = timeAxis(periodType);
    const percents = shown
        .map((row) => row.percent)
        .filter(isNumber)
        .sort((a, b) => a - b);
    const middle = percents.length ? percents[Math.floor(percents.length / 2)] : null;
    const sentence = `Hospital records give ${percentText(middle)} beside what was reported in the middle of ${countText(percents.length, "period")} (from ${percentText(percents[0])} to ${percentText(percents.at(-1))}).`;
    return {
        title: `${measure.title}: hospital records beside reported numbers, ${listText(areas.map((code) => data.areaName(code)))}`,
        caption: sentence,
        notes: `Source of the reported numbers: ${listText([...new Set(rows.map((row) => row.source).filter(Boolean))])}.`,
        description: `Line chart of two series. ${sentence}`,
        spec: {
            width: CHART_WIDTH - 60,
            height: 200,
            data: { values: points },
            layer: [
                ...lineLayers(
                    points,
                    null,
                    x,
                    { field: "onLine", type: "quantitative", title: data.valueUnit(measure) },
                    encodings,
                ),
                hoverLayer(x, [
                    { field: "series", title: "Series" },
                    { field: "period", title: "Period" },
                    { field: "shown", title: "Number" },
                    { field: "percent", title: "Difference" },
                    { field: "note", title: "Note" },
                ]),
            ],
        },
        columns: [
            { title: "Period", isHead: true, cell: (row) => periodText(row.period) },
            { title: "Area", cell: (row) => data.areaName(row.area_code) },
            { title: "Series", cell: (row) => row.series ?? DASH },
            {
                title: "Hospital records",
                isNumber: true,
                cell: (row) => numberCell(row.ours, row.suppressed),
            },
            { title: "Reported", isNumber: true, cell: (row) => numberText(row.reported) },
            {
                title: "Difference",
                isNumber: true,
                cell: (row) => numberCell(row.difference, row.suppressed),
            },
            { title: "In percent", isNumber: true, cell: (row) => percentText(row.percent) },
            { title: "Note", cell: (row) => row.note ?? DASH },
        ],
        rows,
    };
}
