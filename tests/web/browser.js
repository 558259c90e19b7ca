// A browser for the tests of the report: Debian's Chromium, without a network.
import { chromium } from "playwright-core";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-lcd-text",
];

export function openBrowser() {
    return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/**
 * Opens a report, draws all its charts, and keeps what the page said and asked for.
 *
 * @returns {page, complaints}: messages of the console, errors, and requests other than the file itself
 */
export async function openReport(browser, file, { width = 1366, height = 768 } = {}) {
    const page = await browser.newPage({ viewport: { width, height }, acceptDownloads: true });
    const complaints = [];
    const address = `file://${file}`;

    page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
    page.on("request", (request) => {
        if (request.url() !== address && !request.url().startsWith("data:")) {
            complaints.push(`request: ${request.url()}`);
        }
    });
    await page.goto(address);
    await page.evaluate(() => hestia.figures.drawAll());
    return { page, complaints };
}
