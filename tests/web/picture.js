// Takes the picture of a report's first screen: node picture.js REPORT.html PICTURE.png
import { statSync } from "node:fs";
import { resolve } from "node:path";

import { openBrowser, openReport } from "./browser.js";

const LIMIT = 250000; // bytes; the README is read over slow lines, too
const [report, picture] = process.argv.slice(2);
const browser = await openBrowser();
const { page, complaints } = await openReport(browser, resolve(report));

await page.screenshot({ path: picture });
await browser.close();
if (complaints.length) {
    console.error(complaints.join("\n"));
    process.exit(1);
}
if (statSync(picture).size > LIMIT) {
    console.error(`${picture} has more than ${LIMIT} bytes`);
    process.exit(1);
}
