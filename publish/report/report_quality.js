// Whether the data can be trusted: recording breaks, England's totals, cohorts beside registers, and what became of every row.

function qualitySection(data, figures) {
    return section(
        "quality",
        2,
        "Data quality",
        breaksPart(data),
        cohortPart(data, figures),
        reconcilePart(data, figures),
        auditPart(data),
    );
}

function breaksPart(data) {
    const rows = data.rows("breaks").filter((row) => row.suspect);
    const body = rows.length
        ? htmlTable(
              "Suspected recording breaks, the most activity moved first",
              [
                  {
                      title: "Provider",
                      isHead: true,
                      cell: (row) =>
                          `${row.provider_name || row.provider}${row.provider_name ? ` (${row.provider})` : ""}`,
                  },
                  { title: "Area", cell: (row) => data.areaName(row.area_code) },
                  { title: "Records", cell: (row) => DATASET_NAMES[row.dataset] ?? row.dataset },
                  { title: "Specialty", cell: (row) => row.specialty ?? "all" },
                  { title: "From", cell: (row) => periodText(row.month) },
                  {
                      title: "Size",
                      isNumber: true,
                      cell: (row) =>
                          isNumber(row.size)
                              ? percentText(row.size * 100)
                              : numberCell(row.size, row.suppressed),
                  },
                  {
                      title: "Share of the area",
                      isNumber: true,
                      cell: (row) =>
                          isNumber(row.share_of_area)
                              ? `${numberText(row.share_of_area * 100, 0)}${SPACE}%`
                              : numberCell(null, row.suppressed),
                  },
                  {
                      title: "Measures it touches",
                      cell: (row) =>
                          row.measures_affected
                              ? listText(
                                    String(row.measures_affected)
                                        .split(";")
                                        .map((id) => data.measure(id)?.title ?? id),
                                )
                              : "none",
                  },
              ],
              rows,
          )
        : element(
              "p",
              null,
              "No provider's records look as if the way of recording had changed. Small changes, and those within six months of either end, are not seen.",
          );
    return section(
        "breaks",
        3,
        "Suspected recording breaks",
        element(
            "p",
            null,
            "A hospital that begins to record otherwise looks like a service that works. Every provider's activity is screened before any effect is claimed.",
        ),
        body,
    );
}

function cohortPart(data, figures) {
    const sites = new Set(data.sites.map((site) => site.code));
    const all = data
        .rows("cohorts")
        .filter((row) => sites.has(row.area_code) || row.area_code === data.mainComparator());
    const cohorts = [...new Set(all.map((row) => row.cohort))];
    if (!cohorts.length) {
        return null;
    }
    const contents = cohorts.map((cohort) => {
        const rows = all.filter((row) => row.cohort === cohort);
        const areas = [...data.sites, ...data.comparators.map((one) => ({ ...one, isMain: true }))].filter(
            (area) => rows.some((row) => row.area_code === area.code),
        );
        const points = rows.map((row) => ({
            series: data.areaName(row.area_code),
            date: chartDate(`${row.year.slice(0, 4)}-04-01`),
            period: row.year,
            value: row.percent,
            onLine: row.percent,
            state: isNumber(row.percent) ? "value" : row.suppressed ? "withheld" : "missing",
            stateName: isNumber(row.percent) ? null : STATE_NAMES[row.suppressed ? "withheld" : "missing"],
            place: 0,
            isAlone: false,
            shown: isNumber(row.percent)
                ? `${numberText(row.percent)} %`
                : numberOrMark(null, row.suppressed),
            members: numberOrMark(row.members, row.suppressed),
            registered: numberOrMark(row.registered, row.suppressed),
        }));
        const x = timeAxis("year", points),
            encodings = seriesEncodings(areas);
        const last = rows
            .map((row) => row.year)
            .sort()
            .at(-1);
        const sentence = `In ${last}, people of the cohort in percent of those on the register: ${listText(rows.filter((row) => row.year === last).map((row) => `${data.areaName(row.area_code)} ${isNumber(row.percent) ? `${numberText(row.percent)}${SPACE}%` : row.suppressed ? "withheld" : "no register"}`))}.`;
        const hasRegister = rows.some((row) => isNumber(row.percent));
        const columns = [
            { title: "Year", isHead: true, cell: (row) => row.year },
            { title: "Area", cell: (row) => data.areaName(row.area_code) },
            { title: "Members", isNumber: true, cell: (row) => numberCell(row.members, row.suppressed) },
            {
                title: "Registered",
                isNumber: true,
                cell: (row) => numberCell(row.registered, row.suppressed),
            },
            { title: "Percent", isNumber: true, cell: (row) => numberCell(row.percent, row.suppressed) },
        ];
        if (!hasRegister) {
            return htmlTable(`People of the cohort ${cohort} by year`, columns.slice(0, 3), rows);
        }
        return figures.add({
            title: `Cohort ${cohort} beside its register`,
            caption: `${sentence} The cohort is made from hospital records, so 100${SPACE}% is not expected; a jump of the line is a question.`,
            description: `Line chart over years. ${sentence}`,
            spec: {
                width: CHART_WIDTH - 60,
                height: 190,
                data: { values: points },
                layer: [
                    ...lineLayers(
                        points,
                        data.mainComparator(),
                        x,
                        {
                            field: "onLine",
                            type: "quantitative",
                            title: "members in percent of the register",
                        },
                        encodings,
                    ),
                    ...stateLayers(points, 190, encodings.color),
                    hoverLayer(x, [
                        { field: "series", title: "Area" },
                        { field: "period", title: "Year" },
                        { field: "shown", title: "Percent" },
                        { field: "members", title: "Members" },
                        { field: "registered", title: "Registered" },
                    ]),
                ],
            },
            columns,
            rows,
        });
    });
    return section("cohorts", 3, "Cohorts beside registers", contents);
}

function reconcilePart(data) {
    const rows = data.rows("reconcile").filter((row) => isNumber(row.ours) || isNumber(row.published));
    const names = {
        fae: "finished admission episodes",
        fae_emergency: "emergency admissions",
        fce: "finished episodes",
        mean_los: "mean length of stay, days",
    };
    const compared = rows.filter((row) => isNumber(row.percent));
    const differing = compared.filter((row) => row.flag === "differs");
    const words = compared.length
        ? `${compared.length - differing.length} of ${countText(compared.length, "total")} agree within 1${SPACE}%. ${data.truth.length && differing.length ? "The others differ because the artificial country is a scale model." : ""}`
        : "No published total covers these years.";
    const rest = rows.length - compared.length;
    return section(
        "reconcile",
        3,
        "England's totals beside the published ones",
        element(
            "p",
            null,
            words,
            compared.length && rest
                ? ` Of ${countText(rest, "other")} no figure is published or nothing was counted; reconcile.csv has them.`
                : "",
        ),
        compared.length
            ? htmlTable(
                  "England: ours and published",
                  [
                      { title: "Year", isHead: true, cell: (row) => row.year },
                      { title: "What", cell: (row) => names[row.item] ?? row.item },
                      { title: "Ours", isNumber: true, cell: (row) => numberText(row.ours) },
                      { title: "Published", isNumber: true, cell: (row) => numberText(row.published) },
                      { title: "Difference", isNumber: true, cell: (row) => percentText(row.percent) },
                      { title: "Reading", cell: (row) => row.flag ?? DASH },
                  ],
                  compared,
              )
            : null,
    );
}

/** What became of the rows: per file read and used, and the reasons that set most aside. */
function auditPart(data) {
    const rows = data.rows("audit");
    const sum = (list) => list.reduce((total, row) => total + (row.n ?? 0), 0);
    const ingest = rows.filter((row) => row.stage === "ingest");
    const read = sum(ingest.filter((row) => row.reason === "read")),
        used = sum(ingest.filter((row) => row.reason === "used"));
    const hidden = rows.filter((row) => !isNumber(row.n) && row.suppressed).length;
    const reasons = new Map();
    for (const row of rows.filter(
        (one) =>
            one.stage !== "ingest column" && !["read", "used", "considered", "counted"].includes(one.reason),
    )) {
        const key = `${row.stage}\n${row.reason}`;
        const reason = reasons.get(key) ?? {
            stage: row.stage,
            reason: row.reason,
            n: 0,
            isHidden: false,
            datasets: new Set(),
        };
        reason.n += row.n ?? 0;
        reason.isHidden ||= !isNumber(row.n) && Boolean(row.suppressed);
        reason.datasets.add(DATASET_NAMES[row.dataset] ?? row.dataset ?? "");
        reasons.set(key, reason);
    }
    const list = [...reasons.values()].sort((a, b) =>
        a.stage < b.stage ? -1 : a.stage > b.stage ? 1 : b.n - a.n,
    );
    const words = read
        ? `Every row is accounted for: of ${numberText(read)} rows read, ${numberText(used)} were used and ${numberText(read - used)} set aside${read > used ? ` (${numberText((100 * (read - used)) / read, 2)}${SPACE}%)` : ""}.`
        : "";
    return section(
        "audit",
        3,
        "What became of every row",
        element(
            "p",
            null,
            words,
            hidden
                ? ` ${countText(hidden, "line")} of the audit ${hidden === 1 ? "is" : "are"} withheld by disclosure control.`
                : "",
        ),
        list.length
            ? element(
                  "details",
                  null,
                  element("summary", null, `Show the ${countText(list.length, "reason")}`),
                  htmlTable(
                      "Rows by stage and reason, all files and measures together",
                      [
                          { title: "Reason", isHead: true, cell: (row) => row.reason },
                          { title: "Stage", cell: (row) => row.stage },
                          {
                              title: "Records",
                              cell: (row) => [...row.datasets].filter(Boolean).join(", ") || DASH,
                          },
                          {
                              title: "Rows",
                              isNumber: true,
                              cell: (row) =>
                                  row.isHidden && !row.n
                                      ? withheldMark()
                                      : [numberText(row.n), row.isHidden ? " and more (*)" : ""],
                          },
                      ],
                      list,
                  ),
              )
            : null,
    );
}
