// The reports that are tested: those of a small artificial study, and what can become of their data.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DATA = /(<script type="application\/json" id="data">)([^]*?)(<\/script>)/;

/** Runs the worked study on few people, with disclosure control. @returns the files {release, internal} */
export function makeStudy(hestia, folder) {
    const study = join(folder, "study.yaml");

    execFileSync(
        hestia,
        [
            "synth",
            folder,
            "--study",
            "long-term-conditions",
            "--datasets",
            "apc,op",
            "--years",
            "2008-2010",
            "--people",
            "30000",
            "--areas",
            "12",
        ],
        { stdio: "ignore" },
    );
    const text = readFileSync(study, "utf8")
        .replace(/\n {2}formats:[^\n]*/, "\n  formats: [csv, html]")
        .replace(/\n {2}disclosure:[^\n]*/, "\n  disclosure: hes2018")
        .replace(/({id: elective_admissions,)/, "$1 split: sex,")
        .replace(/\n {2}internal:[^\n]*/, "")
        .replace(/\npublish:/, "\npublish:\n  internal: true");
    writeFileSync(study, text);
    execFileSync(hestia, ["run", study, "--quiet"], { stdio: ["ignore", "ignore", "inherit"] });
    return {
        release: join(folder, "results/latest/release/report.html"),
        internal: join(folder, "results/latest/internal/report.html"),
    };
}

/** The data block of a report. */
export function readData(file) {
    return JSON.parse(DATA.exec(readFileSync(file, "utf8"))[2]);
}

/** A copy of a report whose data were changed by change(data); text is escaped as publish/json_stream.c does. */
export function changedReport(file, target, change) {
    const page = readFileSync(file, "utf8");
    const data = readData(file);

    change(data);
    const text = JSON.stringify(data, (key, value) => (value === Infinity ? "@infinite" : value))
        .replaceAll('"@infinite"', "1e999")
        .replace(
            /[<>&\u2028\u2029]/g,
            (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
        );
    writeFileSync(
        target,
        page.replace(DATA, (all, begin, old, end) => begin + text + end),
    );
    return target;
}

/** Sets a column in all rows of a table that a test is true of. */
export function setCells(table, columns, value, isMeant = () => true) {
    const at = columns.map((column) => table.columns.indexOf(column)).filter((i) => i >= 0);

    table.rows
        .filter((row) => isMeant(Object.fromEntries(table.columns.map((column, i) => [column, row[i]]))))
        .forEach((row) =>
            at.forEach((i) => {
                row[i] = value;
            }),
        );
}
