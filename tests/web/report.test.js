// The report of a small study in a browser: that it draws, says what it has to, and can be read, printed and taken along.
//   HESTIA=build/test/cli/hestia node --test tests/web
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { openBrowser, openReport } from "./browser.js";
import { changedReport, makeStudy, readData, setCells } from "./reports.js";

const folder = mkdtempSync(join(tmpdir(), "hestia-web-"));
let browser, reports, release;

before(async () => {
    reports = makeStudy(process.env.HESTIA, folder);
    browser = await openBrowser();
    release = await openReport(browser, reports.release);
});

after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
});

/** Marks in each figure's chart that are not axes, legends or titles. */
function marksOf(page) {
    return page.evaluate(() =>
        [...document.querySelectorAll("figure")].map((figure) => ({
            id: figure.id,
            drawn: figure.querySelector(".chart").dataset.drawn,
            marks: figure.querySelectorAll(
                ".chart .mark-line.role-mark path, .chart .mark-symbol.role-mark path, .chart .mark-rule.role-mark line, .chart .mark-area.role-mark path",
            ).length,
        })),
    );
}

/** Opens a report and demands that it is whole: nothing said, nothing asked for, every figure drawn, one heading. */
async function opensWell(file, name) {
    const { page, complaints } = await openReport(browser, file);

    assert.deepEqual(complaints, [], name);
    for (const figure of await marksOf(page)) {
        assert.equal(figure.drawn, "yes", `${name}: ${figure.id}`);
        assert.ok(figure.marks > 0, `${name}: ${figure.id} has no marks`);
    }
    assert.equal(await page.locator("h1").count(), 1, name);
    assert.doesNotMatch(await page.locator("#report").innerText(), /undefined|NaN|\[object|Infinity/, name);
    return page;
}

test("opens without a word and without the network, and draws every chart", async () => {
    const figures = await marksOf(release.page);

    assert.deepEqual(release.complaints, []);
    assert.ok(figures.length >= 20, `${figures.length} figures`);
    for (const figure of figures) {
        assert.equal(figure.drawn, "yes", figure.id);
        assert.ok(figure.marks > 0, `${figure.id} has no marks`);
    }
});

test("its policy forbids eval, other scripts and the network", async () => {
    const page = await browser.newPage();
    const tried = changedReport(reports.release, join(folder, "tried.html"), () => {});

    writeFileSync(
        tried,
        readFileSync(tried, "utf8").replace("</body>", `<script>window.intruder = 1;</script></body>`),
    );
    await page.goto(`file://${tried}`);
    assert.equal(await page.evaluate(() => window.intruder), undefined);
    assert.equal(
        await page.evaluate(() =>
            fetch("http://localhost:9/").then(
                () => "asked",
                () => "refused",
            ),
        ),
        "refused",
    );
    const tryEval = () =>
        new Promise((resolve) => {
            // later, when the browser no longer takes it for the driver's own
            setTimeout(() => {
                try {
                    resolve(new Function("return 1")());
                } catch (error) {
                    resolve(error.name);
                }
            }, 0);
        });
    assert.equal(await page.evaluate(tryEval), "EvalError");
    await page.close();
});

test("charts are drawn without anybody asking", async () => {
    const page = await browser.newPage();

    await page.goto(`file://${reports.release}`);
    await page.waitForFunction(
        () => [...document.querySelectorAll(".chart")].every((chart) => chart.dataset.drawn === "yes"),
        null,
        { timeout: 60000 },
    );
    await page.close();
});

test("the first screen fits and has a row a site, a row a service, and England's total", async () => {
    const { page } = release;
    const data = readData(reports.release);
    const judged = new Set(
        data.tables["site-review"].rows.map((row) =>
            ["impact", "site_code", "measure"]
                .map((column) => row[data.tables["site-review"].columns.indexOf(column)])
                .join(),
        ),
    );

    assert.ok(
        (await page.evaluate(() => document.getElementById("first").getBoundingClientRect().bottom)) <= 768,
    );
    assert.equal(await page.locator("#first table.sites tbody tr").count(), data.study.sites.length);
    assert.equal(await page.locator("#first table.services tbody tr").count(), judged.size);
    assert.match(await page.locator("#first .national").innerText(), /published/);
    assert.match(await page.locator("#first .notice").innerText(), /Artificial data/);
    assert.match(await page.locator("#first .subtitle").innerText(), /hes2018.*withheld/);
});

test("printed on A4, page 1 is the first screen and all charts are there", async () => {
    const pdf = join(folder, "report.pdf");
    const page = await browser.newPage();
    const text = (first, last) =>
        execFileSync("pdftotext", ["-layout", "-f", String(first), "-l", String(last), pdf, "-"], {
            encoding: "utf8",
        });

    await page.goto(`file://${reports.release}`);
    await page.pdf({ path: pdf, preferCSSPageSize: true });
    assert.match(
        execFileSync("pdfinfo", [pdf], { encoding: "utf8" }),
        /Page size: +59[45][.\d]* x 84[12][.\d]* pts \(A4\)/,
    );
    assert.match(text(1, 1), /Commissioning care[^]*Calderdale[^]*Somerset[^]*Wirral[^]*published total/);
    assert.doesNotMatch(text(1, 1), /Site review/);
    assert.match(text(2, 2), /^\s*Site review/);
    assert.doesNotMatch(text(1, 40), /Export SVG|Show the table of figure/);
    assert.ok(
        (await marksOf(page)).every((figure) => figure.marks > 0),
        "a chart was not drawn before printing",
    );
    await page.close();
});

test("it has landmarks, headings in order, descriptions, and no fault that axe knows", async () => {
    const { page } = release;
    const levels = await page.evaluate(() =>
        [...document.querySelectorAll("main h1, main h2, main h3, main h4")].map((heading) =>
            Number(heading.tagName[1]),
        ),
    );

    assert.equal(await page.getAttribute("html", "lang"), "en-GB");
    assert.equal(await page.locator("main").count(), 1);
    assert.equal(await page.locator("nav[aria-label]").count(), 1);
    levels.forEach((level, i) =>
        assert.ok(i === 0 ? level === 1 : level <= levels[i - 1] + 1, `heading ${i} is of level ${level}`),
    );
    for (const label of await page
        .locator("figure [role=img]")
        .evaluateAll((charts) =>
            charts.map((chart) => `${chart.getAttribute("role")} ${chart.getAttribute("aria-label")}`),
        )) {
        assert.match(label, /^img Figure \d+\. .{40,}/);
    }
    const ids = await page.evaluate(() => [...document.querySelectorAll("[id]")].map((one) => one.id));
    assert.equal(new Set(ids).size, ids.length, "ids are unique");
    const dangling = await page.evaluate(() =>
        [...document.querySelectorAll("a[href^='#']")]
            .filter((one) => !document.getElementById(one.getAttribute("href").slice(1)))
            .map((one) => one.href),
    );
    assert.deepEqual(dangling, []);

    await page.locator("#figure-1 summary").click();
    await page.locator("#figure-1 details table").waitFor();
    // Charts are hidden from it: they are described in words. By evaluate, which the policy of the page does not stop as it would an added script.
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
    const { violations } = await page.evaluate(() => axe.run({ exclude: [".chart"] }, { elementRef: false }));
    assert.deepEqual(
        violations.map(
            (fault) =>
                `${fault.id}: ${fault.nodes
                    .slice(0, 3)
                    .map((node) => node.html.slice(0, 120))
                    .join(" | ")}`,
        ),
        [],
    );
});

test("withheld points are seen: asterisks in charts and tables", async () => {
    const { page } = release;
    const data = readData(reports.release);
    const { columns, rows } = data.tables.results;
    const results = rows.map((cells) => Object.fromEntries(columns.map((column, i) => [column, cells[i]])));
    const hidden = data.measures.filter((measure) =>
        results.some(
            (row) =>
                row.measure === measure.id &&
                row.statistic === measure.statistic &&
                row.area_role === "site" &&
                row.suppressed &&
                row.value === null &&
                !row.split,
        ),
    );
    assert.ok(hidden.length >= 2, "some numbers of these few people are withheld");
    for (const measure of hidden.filter((one) => one.split === "none")) {
        const section = page.locator(`#measure-${measure.id.replaceAll("_", "-")}`);
        if (await section.locator("figure").count()) {
            assert.match(
                await section.locator("figure svg").first().textContent(),
                /withheld by disclosure control/,
                measure.id,
            );
        }
    }
    await page.evaluate(() =>
        document.querySelectorAll("details").forEach((details) => {
            details.open = true;
        }),
    );
    await page.waitForFunction(
        () =>
            document.querySelectorAll("figure details table").length ===
            document.querySelectorAll("figure").length,
    );
    assert.ok((await page.locator("figure details td abbr").filter({ hasText: "*" }).count()) > 0);
    assert.equal(
        await page.locator("figure details td abbr").first().getAttribute("title"),
        "withheld by disclosure control",
    );
});

test("every figure has a table behind it, with heads and a caption", async () => {
    const faults = await release.page.evaluate(() =>
        [...document.querySelectorAll("figure")]
            .filter((figure) => {
                const table = figure.querySelector("details table");
                return (
                    !table?.caption?.textContent ||
                    !table.querySelector("tbody tr") ||
                    [...table.querySelectorAll("th")].some((head) => !["col", "row"].includes(head.scope)) ||
                    [...table.querySelectorAll("tbody tr")].some(
                        (row) => row.cells.length !== table.tHead.rows[0].cells.length,
                    )
                );
            })
            .map((figure) => figure.id),
    );

    assert.deepEqual(faults, []);
});

test("tables hold the numbers of the data", async () => {
    const data = readData(reports.internal);
    const { columns, rows } = data.tables.results;
    const row = rows
        .map((cells) => Object.fromEntries(columns.map((column, i) => [column, cells[i]])))
        .find(
            (one) =>
                one.measure === "emergency_admissions" &&
                one.area_code === "5QL" &&
                one.statistic === "dsr" &&
                one.period === "2009/10 Q2",
        );
    const page = await opensWell(reports.internal, "internal");
    const figure = page.locator("#measure-emergency-admissions figure").first();

    await figure.locator("summary").click();
    const cells = await figure
        .locator("tbody tr", { hasText: "2009/10 Q2" })
        .filter({ hasText: "Somerset" })
        .filter({ hasText: "Emergency admissions" })
        .locator("td")
        .allInnerTexts();
    assert.ok(cells.includes(row.total_count.toLocaleString("en-GB")), `${cells} has ${row.total_count}`);
    assert.ok(cells.includes(Math.round(row.value).toLocaleString("en-GB")), `${cells} has ${row.value}`);
    assert.match(await page.locator("#first .subtitle").innerText(), /true numbers/);
    await page.close();
});

test("a rate split by sex has a line for each", async () => {
    const figure = release.page
        .locator("#measure-elective-admissions figure")
        .filter({ hasText: "by sex" })
        .first();
    const legend = await figure.locator("svg .role-legend-label").allTextContents();

    assert.ok(legend.includes("Male") && legend.includes("Female"), legend.join());
});

test("a point says what it is when pointed at", async () => {
    const { page } = release;
    const chart = page.locator("#figure-1 .chart");

    await chart.scrollIntoViewIfNeeded();
    const point = chart.locator(".mark-symbol.role-mark path").last();
    const box = await point.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const tip = page.locator("#vg-tooltip-element");
    await tip.waitFor({ state: "visible" });
    const text = await tip.innerText();
    for (const word of ["Area", "Period", "Value", "95 % limits", "Count", "Note"]) {
        assert.ok(text.includes(word), `${word} in ${text}`);
    }
    await page.mouse.move(1, 1);
    await tip.waitFor({ state: "hidden" });
});

test("figures can be taken along as SVG and PNG", async () => {
    const { page } = release;
    const save = async (name) => {
        const [download] = await Promise.all([
            page.waitForEvent("download"),
            page.getByRole("button", { name, exact: true }).click(),
        ]);
        return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
    };
    const svg = await save("Export SVG of figure 1"),
        png = await save("Export PNG of figure 1");

    assert.match(svg.name, /^figure-1-.*\.svg$/);
    assert.match(svg.bytes.toString(), /^<svg[^]*England[^]*<\/svg>\s*$/);
    assert.match(png.name, /^figure-1-.*\.png$/);
    assert.equal(png.bytes.subarray(1, 4).toString(), "PNG");
    const width = Number(/width="(\d+)/.exec(svg.bytes.toString())[1]);
    assert.equal(png.bytes.readUInt32BE(16), 2 * width);
});

test("a keyboard reaches everything, and shows where it is", async () => {
    const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });

    await page.goto(`file://${reports.release}`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    assert.ok(
        (await page.locator(".skip").boundingBox()).x >= 0,
        "the skip link is seen when it has the focus",
    );
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "report");
    await page.evaluate(() => document.activeElement.blur());
    const wanted = await page.evaluate(
        () => document.querySelectorAll("a[href], button, summary, [tabindex='0']").length,
    );
    const reached = await page.evaluate(() => document.querySelectorAll("main button, main summary").length);
    let n = 0,
        nControls = 0,
        isShown = true;
    for (; n < wanted + 5; n++) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
            const here = document.activeElement;
            return {
                tag: here.tagName,
                isControl: here.matches("main button, main summary"),
                outline: getComputedStyle(here).outlineStyle,
            };
        });
        if (at.tag === "BODY") {
            break;
        }
        nControls += at.isControl ? 1 : 0;
        isShown &&= at.outline !== "none";
    }
    assert.equal(nControls, reached, "buttons and tables reached by Tab");
    assert.ok(isShown, "the focus is outlined everywhere");
    await page.locator("#figure-1 summary").focus();
    await page.keyboard.press("Enter");
    await page.locator("#figure-1 details table").waitFor();
    await page.close();
});

test("sections of what the study has", async () => {
    const text = await release.page.locator("#report").innerText();

    for (const title of [
        "Site review",
        "Data quality",
        "Suspected recording breaks",
        "Cohorts beside registers",
        "England's totals beside the published ones",
        "What became of every row",
        "Methods in force",
        "Disclosure control",
        "What was planted, and what was found",
    ]) {
        assert.ok(text.includes(title), title);
    }
    const data = readData(reports.release);
    for (const measure of data.measures) {
        assert.ok(text.includes(measure.title), measure.title);
    }
});

// Measures of each kind, enough for what follows.
const KEPT = ["emergency_admissions", "likely_diabetes_attendances", "dementia_los", "dementia_register"];

const CORNERS = {
    "no services": (data) => {
        data.services = [];
        data.measures.forEach((measure) => {
            measure.dates = [];
        });
        ["site-review", "impact", "sensitivity", "counterfactual"].forEach((name) => {
            data.tables[name].rows = [];
        });
    },
    "no comparators": (data) => {
        const { columns, rows } = data.tables.results;
        data.study.comparators = [];
        data.study.comparator_sites = [];
        data.tables.results.rows = rows.filter((row) => row[columns.indexOf("area_role")] !== "comparator");
        setCells(data.tables.results, ["comparator", "compared"], "");
    },
    "one area": (data) => {
        const only = data.study.sites[1].code;
        data.study.sites = data.study.sites.slice(1, 2);
        for (const table of Object.values(data.tables)) {
            const at = table.columns.indexOf("area_code"),
                site = table.columns.indexOf("site_code");
            table.rows = table.rows.filter(
                (row) => (at < 0 || row[at] === only) && (site < 0 || row[site] === only),
            );
        }
        data.study.comparators = [];
        data.study.comparator_sites = [];
        data.funnel = [];
    },
    "no sites": (data) => {
        data.study.sites = [];
    },
    "all withheld": (data) => {
        setCells(
            data.tables.results,
            ["total_count", "value", "lowercl", "uppercl", "lower998", "upper998", "comparator_value"],
            null,
        );
        setCells(data.tables.results, ["suppressed"], 1);
        for (const table of [
            "site-review",
            "impact",
            "sensitivity",
            "counterfactual",
            "cohorts",
            "reported",
            "breaks",
            "audit",
        ].map((name) => data.tables[name])) {
            const kept = ["suppressed", "used", "primary", "refused", "suspect", "incomplete"];
            table.rows.forEach((row) =>
                row.forEach((cell, i) => {
                    if (typeof cell === "number" && !kept.includes(table.columns[i])) {
                        row[i] = null;
                    }
                }),
            );
            setCells(table, ["suppressed"], 1);
        }
        data.spc = [];
        data.funnel = [];
        data.trend = [];
    },
    "many services": (data) => {
        const reviews = data.tables["site-review"],
            impact = reviews.columns.indexOf("impact");
        const first = data.services[0],
            own = reviews.rows.filter((row) => row[impact] === first.id);
        for (let i = 0; i < 20; i++) {
            data.services.push({
                ...first,
                id: `another-${i}`,
                title: `Another service of no small name, number ${i}`,
            });
            own.forEach((row) =>
                reviews.rows.push(row.map((cell, at) => (at === impact ? `another-${i}` : cell))),
            );
        }
    },
    "nothing counted": (data) => {
        Object.values(data.tables).forEach((table) => {
            table.rows = [];
        });
        data.spc = [];
        data.funnel = [];
        data.trend = [];
        data.truth = null;
        data.measures = [];
        data.services = [];
    },
    "changes that a release has rounded to a half": (data) => {
        setCells(data.tables["site-review"], ["change_percent"], -14.5);
        setCells(data.tables["site-review"], ["comparator_percent"], 4.15);
        setCells(data.tables["site-review"], ["baseline_value"], 16.4);
        setCells(data.tables["site-review"], ["review_value"], 1583.5);
    },
    "infinite limits": (data) => {
        setCells(data.tables.results, ["uppercl"], Infinity, (row) => row.period_start > "2009-06-01");
    },
};

for (const [name, change] of Object.entries(CORNERS)) {
    test(`a study with ${name}`, async () => {
        const file = changedReport(
            reports.release,
            join(folder, `${name.replace(/ /g, "-")}.html`),
            (data) => {
                data.measures = data.measures.filter((measure) => KEPT.includes(measure.id));
                change(data);
            },
        );
        const page = await opensWell(file, name);
        const text = await page.locator("#report").innerText();
        if (name === "no services") {
            assert.match(text, /No service was declared/);
        }
        if (name === "all withheld") {
            assert.match(await page.locator("table.sites").innerText(), /\*/);
            assert.match(text, /no value is shown of any site/);
        }
        if (name === "many services") {
            assert.ok(
                (await page.evaluate(
                    () => document.getElementById("first").getBoundingClientRect().bottom,
                )) <= 768,
            );
            assert.match(await page.locator("#first .more").innerText(), /more judged series/);
            assert.ok((await page.locator("#services tbody tr").count()) > 20);
        }
        if (name === "one area") {
            assert.equal(await page.locator("table.sites tbody tr").count(), 1);
        }
        if (name === "changes that a release has rounded to a half") {
            const sites = await page.locator("table.sites").innerText();
            for (const part of [/−14\.5\s%/, /\+4\.15\s%/, /16\.4\D/, /1,583\.5\D/]) {
                assert.match(sites, part);
            }
        }
        if (name === "infinite limits") {
            await page.locator("#measure-emergency-admissions figure summary").first().click();
            assert.match(
                await page.locator("#measure-emergency-admissions details table").first().innerText(),
                /no upper limit/,
            );
        }
        await page.close();
    });
}

test("names that would be markup, scripts or expressions are text", async () => {
    const hostile = `<script>window.hit=1</script><img src=x onerror="window.hit=2">"'&{{x}}datum.value'); //`;
    const file = changedReport(reports.release, join(folder, "hostile.html"), (data) => {
        data.study.title = hostile;
        data.study.notice = hostile;
        data.study.sites.forEach((site, i) => {
            site.name = `${hostile} ${i}`;
        });
        data.measures.forEach((measure) => {
            measure.title = `${hostile} ${measure.id}`;
            measure.definition = hostile;
        });
        data.services.forEach((service) => {
            service.title = hostile;
        });
        setCells(data.tables.results, ["area_name", "split_name", "note", "unit"], hostile);
        setCells(data.tables.areas, ["area_name"], hostile);
        setCells(data.tables["site-review"], ["site_name", "title", "sentence", "break_flag"], hostile);
        setCells(data.tables.breaks, ["provider_name"], hostile);
        data.funnel.forEach((funnel) =>
            funnel.points.forEach((point) => {
                point.area_name = hostile;
            }),
        );
        data.measures
            .flatMap((measure) => measure.dates)
            .forEach((date) => {
                date.label = hostile;
            });
    });
    const page = await opensWell(file, "hostile");

    assert.equal(await page.evaluate(() => window.hit), undefined);
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.equal(await page.locator("h1").innerText(), hostile);
    const point = page.locator("#figure-1 .chart .mark-symbol.role-mark path").last();
    await point.scrollIntoViewIfNeeded();
    const box = await point.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.locator("#vg-tooltip-element").waitFor({ state: "visible" });
    assert.equal(await page.locator("#vg-tooltip-element img, #vg-tooltip-element script").count(), 0);
    assert.equal(await page.evaluate(() => window.hit), undefined);
    await page.close();
});
