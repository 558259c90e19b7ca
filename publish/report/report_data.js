// The numbers: one block of JSON that publish/report.c wrote, as rows with names and the lookups that figures need.

/** A table of the block as objects, one a row; a table that is not there is empty, and so is an empty text: null. */
function tableRows(table) {
    if (!table) {
        return [];
    }
    return table.rows.map((cells) => {
        // a plain loop: results have tens of thousands of rows
        const row = {};
        for (let i = 0; i < table.columns.length; i++) {
            row[table.columns[i]] = cells[i] === "" ? null : (cells[i] ?? null);
        }
        return row;
    });
}

/** What a row's value is: "value", "incomplete" (rows are still to come), "withheld" (disclosure control), "missing". */
function rowState(row) {
    if (!isNumber(row.value)) {
        return row.suppressed ? "withheld" : "missing";
    }
    return row.incomplete ? "incomplete" : "value";
}

class Data {
    constructor(block) {
        this.block = block;
        this.study = block.study;
        this.rules = block.rules ?? [];
        this.measures = block.measures ?? [];
        this.services = block.services ?? [];
        this.spc = block.spc ?? [];
        this.funnels = block.funnel ?? [];
        this.trends = block.trend ?? [];
        this.truth = tableRows(block.truth ?? block.tables?.planted);
        this.cuts = block.cuts ?? [];
        this.tables = new Map();
        this.sites = (this.study.sites ?? []).map((site) => ({
            code: site.code,
            name: site.name || site.code,
        }));
        this.comparators = (this.study.comparators ?? []).map((code, i) => {
            const site = this.study.comparator_sites?.[i] ?? null;
            return { code, site, name: site ? code.replace(` (${site})`, "") : code };
        });
        this.names = new Map(this.rows("areas").map((area) => [area.area_code, area.area_name]));
        this.sites.forEach((site) => this.names.set(site.code, site.name));
        this.index();
    }

    /** Rows of a result table by its name in the folder ("site-review"). */
    rows(name) {
        if (!this.tables.has(name)) {
            this.tables.set(name, tableRows(this.block.tables?.[name]));
        }
        return this.tables.get(name);
    }

    /** Rows of a table about the service, site and measure of a review. */
    rowsOf(name, review) {
        const keys = ["impact", "site_code", "measure"];
        return this.rows(name).filter((row) => keys.every((key) => row[key] === review[key]));
    }

    index() {
        this.series = new Map();
        this.units = new Map();
        for (const row of this.rows("results")) {
            this.units.set(`${row.measure} ${row.statistic}`, row.unit);
            const who = row.split_by ? [] : [row.sex, row.age]; // rows of a split by sex or age have theirs
            const key = [
                row.measure,
                row.area_code,
                row.statistic,
                row.period_type,
                row.split_by ?? "",
                ...who,
            ].join("\n");
            const series = this.series.get(key);
            if (series) {
                series.push(row);
            } else {
                this.series.set(key, [row]);
            }
        }
        for (const series of this.series.values()) {
            series.sort((a, b) =>
                a.period_start < b.period_start ? -1 : a.period_start > b.period_start ? 1 : 0,
            );
        }
    }

    /** Rows of one area in the order of time, of the measure's own statistic and all persons; splitBy: those of a split. */
    areaSeries(measure, areaCode, periodType = this.periodType(measure), splitBy = "") {
        return (
            this.series.get(
                [
                    measure.id,
                    areaCode,
                    measure.statistic,
                    periodType,
                    splitBy,
                    ...(splitBy ? [] : ["persons", "all"]),
                ].join("\n"),
            ) ?? []
        );
    }

    /** The finest period that a measure is counted by. */
    periodType(measure) {
        return ["month", "quarter", "year"].find((type) => (measure.by ?? []).includes(type)) ?? "quarter";
    }

    areaName(code) {
        return this.names.get(code) ?? code ?? "";
    }

    measure(id) {
        return this.measures.find((measure) => measure.id === id);
    }

    service(id) {
        return this.services.find((service) => service.id === id);
    }

    /** Comparators of a site with rows of this measure: those of all sites, and those made for this one. */
    comparatorsOf(measure, siteCode) {
        return this.comparators.filter(
            (one) =>
                (one.site === null || one.site === siteCode) && this.areaSeries(measure, one.code).length,
        );
    }

    /** Their names, each once, as a sentence can name them. */
    comparatorNames() {
        return [...new Set(this.comparators.map((one) => one.name))];
    }

    /** The first comparator of all sites, which figures show in bold; undefined without one. */
    mainComparator() {
        return this.comparators.find((one) => one.site === null)?.code;
    }

    /** Suspected recording breaks of an area, those that touch a measure only with its id. */
    breaksOf(areaCode, measureId) {
        return this.rows("breaks").filter(
            (row) =>
                row.suspect &&
                row.area_code === areaCode &&
                (!measureId ||
                    String(row.measures_affected ?? "")
                        .split(";")
                        .includes(measureId)),
        );
    }

    /** The unit of a measure's values, as its rows have it. */
    valueUnit(measure) {
        return this.units.get(`${measure.id} ${measure.statistic}`) ?? measure.unit ?? "";
    }
}
