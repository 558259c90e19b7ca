// Counts by what a measure is split by, most often the provider, with suspected recording breaks marked.

const SPLIT_LIMIT = 5; // series with a line of their own; the others are added up

function splitFigures(data, measure) {
    return measure.split && measure.split !== "none"
        ? data.sites.map((site) => splitFigure(data, measure, site)).filter(Boolean)
        : [];
}

function splitFigure(data, measure, site) {
    const periodType = data.periodType(measure);
    const rows = data.areaSeries(measure, site.code, periodType, measure.split);
    const groups = new Map();
    rows.forEach((row) => groups.set(row.split, [...(groups.get(row.split) ?? []), row]));
    const isAdditive = COUNTED.includes(measure.statistic);
    const size = (row) => (isAdditive ? row.value : row.total_count) ?? 0;
    const sizes = [...groups]
        .map(([code, own]) => ({
            code,
            name: splitName(own[0]),
            rows: own,
            total: own.reduce((sum, row) => sum + size(row), 0),
            hidden: own.some((row) => rowState(row) === "withheld"),
        }))
        .filter((group) => group.total > 0 || group.hidden)
        .sort((a, b) => b.total - a.total || (a.code < b.code ? -1 : 1));
    if (!sizes.length) {
        return null;
    }
    const largest = sizes[0].total,
        all = sizes.reduce((sum, group) => sum + group.total, 0);
    const shown = sizes.filter((group, i) => i < SPLIT_LIMIT && (i === 0 || group.total >= largest * 0.01));
    const others = sizes.slice(shown.length);
    const series = [
        ...shown.map((group) => ({ name: group.name, code: group.code, rows: group.rows })),
        ...(others.length && isAdditive
            ? [{ name: `${countText(others.length, "other", "others")}`, rows: addedUp(others) }]
            : []),
    ];
    const areas = series.map((one) => ({ name: one.name }));
    const encodings = seriesEncodings(areas);
    const points = series.flatMap((one, i) => chartPoints(one.rows, one.name, i));
    const breaks = data
        .breaksOf(site.code)
        .filter((row) => row.dataset === measure.dataset && row.provider && measure.split === "provider");
    const excluded = breaks.filter(
        (row) =>
            !groups.has(row.provider) || !(groups.get(row.provider) ?? []).some((one) => isNumber(one.value)),
    );
    const marks = breaks.map((row) => ({
        date: `${row.month}-01`,
        label: `suspected break: ${row.provider_name || row.provider}${row.specialty ? `, specialty ${row.specialty}` : ""} ${percentText(row.size * 100)}`,
    }));
    const width = CHART_WIDTH - 60,
        height = 230;
    const dates = siteDates(data, measure, site.code);
    const panel = linePanel(points, encodings, {
        periodType,
        unit: data.valueUnit(measure),
        width,
        height,
        dates,
        breaks: marks,
    });
    const sentence =
        isAdditive && all
            ? `${shown[0].name} has ${numberText((100 * shown[0].total) / all, 0)}${SPACE}% of ${numberText(all)} ${data.valueUnit(measure)} shown.`
            : others.length
              ? `The ${shown.length} with the most events are drawn; the table has all.`
              : "";
    const breakSentence = breaks.length
        ? `Suspected recording ${breaks.length === 1 ? "break" : "breaks"}: ${listText(
              breaks.map(
                  (row) =>
                      `${row.provider_name || row.provider}${row.specialty ? `, specialty ${row.specialty},` : ""} ${percentText(row.size * 100)} from ${periodText(row.month)}${
                          excluded.includes(row)
                              ? " (left out of this measure)"
                              : String(row.measures_affected ?? "")
                                      .split(";")
                                      .includes(measure.id)
                                ? ""
                                : " (not counted in this measure)"
                      }`,
              ),
          )}.`
        : "No recording break is suspected here.";
    return {
        title: `${measure.title}, ${site.name}: by ${measure.split.replace("_", " ")}`,
        caption: `${periodWord(data, measure)}. ${[sentence, measure.split === "provider" ? breakSentence : ""].filter(Boolean).join(" ")}`,
        notes: [
            stateNotes(
                rows.filter((row) => shown.some((group) => group.code === row.split)),
                siteDates(data, measure, site.code).length,
            ),
            breaks.length ? "Yellow line: suspected recording break." : "",
        ].join(" "),
        description: `Line chart of ${site.name} with a line for each of ${listText(series.map((one) => one.name))}. ${sentence} ${measure.split === "provider" ? breakSentence : ""}`,
        spec: panel,
        columns: [
            { title: "Period", isHead: true, cell: (row) => periodText(row.period) },
            { title: capitalised(measure.split.replace("_", " ")), cell: splitName },
            {
                title: capitalised(data.valueUnit(measure)),
                isNumber: true,
                cell: (row) => numberCell(row.value, row.suppressed),
            },
            { title: "Note", cell: (row) => row.note ?? DASH },
        ],
        rows: sizes.flatMap((group) => group.rows).filter((row) => row.value !== 0),
    };
}

function splitName(row) {
    return row.split_name ?? row.split;
}

/** The sum of several series by period; withheld where a part of it is. */
function addedUp(groups) {
    const sums = new Map();
    for (const row of groups.flatMap((group) => group.rows)) {
        const sum = sums.get(row.period) ?? {
            ...row,
            split: "others",
            value: 0,
            total_count: 0,
            lowercl: null,
            uppercl: null,
            suppressed: 0,
            note: null,
        };
        const isHidden = rowState(row) === "withheld" || sum.suppressed;
        sums.set(row.period, {
            ...sum,
            suppressed: isHidden ? 1 : 0,
            value: isHidden ? null : sum.value + (row.value ?? 0),
            total_count: isHidden ? null : sum.total_count + (row.total_count ?? 0),
            incomplete: sum.incomplete || row.incomplete,
        });
    }
    return [...sums.values()].sort((a, b) => (a.period_start < b.period_start ? -1 : 1));
}
