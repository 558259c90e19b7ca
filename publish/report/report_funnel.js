// The funnel of a measure: all areas at one time against the limits of chance.

function funnelFigure(data, measure) {
    const funnel = data.funnels.find((one) => one.measure === measure.id && (one.points ?? []).length > 1);
    if (!funnel) {
        return null;
    }
    const width = CHART_WIDTH - 60,
        height = 260;
    const unit = data.valueUnit(measure);
    const points = funnel.points
        .filter((point) => isNumber(point.value) && isNumber(point.denominator))
        .map((point) => ({
            ...point,
            kind: point.role === "site" ? "Site" : "Other area",
            shown: numberText(point.value),
            size: numberText(point.denominator),
            reading: funnelReading(point.flag),
        }));
    const hidden = funnel.points.length - points.length;
    if (points.length < 2) {
        return null;
    }
    const limits = [
        ["lower998", "99.8 % limits"],
        ["lower95", "95 % limits"],
        ["upper95", "95 % limits"],
        ["upper998", "99.8 % limits"],
    ].flatMap(([field, kind]) =>
        (funnel.limits ?? []).map((limit) => ({
            denominator: limit.denominator,
            limit: limit[field],
            field,
            range: kind,
        })),
    );
    const top = axisTop(
        points.map((point) => point.value),
        limits.map((limit) => limit.limit),
    );
    const x = {
        field: "denominator",
        type: "quantitative",
        title: "size of the area (denominator), logarithmic",
        scale: { type: "log", nice: false, padding: 6 },
        axis: {
            titleAnchor: "middle",
            titleAlign: "center",
            tickCount: 6,
            format: ",d",
            labelOverlap: "greedy",
        },
    };
    const y = (field) => ({
        field,
        type: "quantitative",
        title: unit,
        scale: { domain: [0, top], nice: true },
    });
    const tooltip = [
        { field: "area_name", title: "Area" },
        { field: "shown", title: "Value" },
        { field: "size", title: "Denominator" },
        { field: "reading", title: "Reading" },
    ];
    const sites = points.filter((point) => point.kind === "Site");
    const outside = points.filter((point) => /99\.8/.test(point.reading)).length;
    const sentence = `${sites.map((point) => `${point.area_name} (${point.shown}) is ${point.reading}`).join("; ")}${sites.length ? ". " : ""}Of ${countText(points.length, "area")}, ${outside} lie outside the 99.8 % limits; chance alone would bring about ${numberText(points.length * 0.002, 1)}.`;
    const kinds = ["Site", "Other area"].filter((kind) => points.some((point) => point.kind === kind));
    const dots = (kind, size) => {
        const values = points.filter((point) => point.kind === kind);
        const look = (site, other) => ({
            field: "kind",
            type: "nominal",
            scale: { domain: kinds, range: kinds.map((one) => (one === "Site" ? site : other)) },
        });
        return values.length
            ? [
                  {
                      data: { values },
                      mark: { type: "point", filled: true, opacity: 0.95, size, clip: true },
                      encoding: {
                          x,
                          y: y("value"),
                          tooltip,
                          color: look(PINK, GREY),
                          shape: look("diamond", "circle"),
                      },
                  },
              ]
            : [];
    };
    const largest = Math.log(points.reduce((a, b) => Math.max(a, b.denominator), 0)),
        smallest = Math.log(points.reduce((a, b) => Math.min(a, b.denominator), Infinity));
    const names = sites.map((point) => {
        const isRight = Math.log(point.denominator) > smallest + 0.85 * (largest - smallest);
        return {
            data: { values: [point] },
            mark: {
                type: "text",
                align: isRight ? "right" : "left",
                dx: isRight ? -9 : 9,
                dy: -8,
                fontSize: 12,
                color: INK,
            },
            encoding: { x, y: y("value"), text: { field: "area_name" } },
        };
    });
    return {
        title: `${measure.title}: every area in ${periodText(funnel.period)}, against chance`,
        caption: sentence,
        notes: [
            funnel.note ?? "",
            "Dashed: 95 % limits of chance; outer lines: 99.8 %.",
            `The line in the middle is ${numberText(funnel.target)} ${unit}.`,
            hidden
                ? `${countText(hidden, "area")} without a value ${hidden === 1 ? "is" : "are"} not shown.`
                : "",
        ].join(" "),
        description: `Funnel plot: areas by size, with limits that narrow as areas get larger. ${sentence}`,
        spec: {
            width,
            height,
            layer: [
                {
                    data: { values: limits },
                    mark: { type: "line", clip: true, strokeWidth: 1.3, color: DARK_GREY },
                    encoding: {
                        x,
                        y: y("limit"),
                        detail: { field: "field" },
                        strokeDash: {
                            field: "range",
                            type: "nominal",
                            scale: {
                                domain: ["95 % limits", "99.8 % limits"],
                                range: [
                                    [4, 3],
                                    [1, 0],
                                ],
                            },
                            legend: null,
                        },
                    },
                },
                {
                    data: { values: [{ target: funnel.target }] },
                    mark: { type: "rule", color: INK, strokeWidth: 1.2 },
                    encoding: { y: y("target") },
                },
                ...dots("Other area", 28),
                ...dots("Site", 130),
                ...names,
            ],
        },
        columns: [
            { title: "Area", isHead: true, cell: (row) => row.area_name ?? row.area_code },
            { title: capitalised(unit), isNumber: true, cell: (row) => numberText(row.value) },
            { title: "Denominator", isNumber: true, cell: (row) => numberText(row.denominator) },
            { title: "Reading", cell: (row) => row.reading },
        ],
        rows: points,
    };
}

/** The flag of a funnel ("High (0.001)") in words. */
function funnelReading(flag) {
    const text = String(flag ?? "").toLowerCase();
    const side = /high|above/.test(text) ? "above" : /low|below/.test(text) ? "below" : "";
    return side ? `${side} the ${/0\.001|99/.test(text) ? "99.8" : "95"} % limits` : "within the limits";
}
