// Words and numbers as a reader of the report sees them. Nothing here knows the page.

const MINUS = "\u2212",
    SPACE = "\u00a0",
    ASTERISK = "*",
    DASH = "\u2013";
const MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/** Is it a number that can be drawn? null is missing; a limit may be infinite. */
function isNumber(value) {
    return typeof value === "number" && Number.isFinite(value);
}

const FORMATS = new Map(); // by decimals: making one takes longer than all its uses

/** A half stays: a release has rounded to it, and rounded again −14.45 would be −15 beside a sentence that says 14. */
function roundedText(size, places) {
    if (Math.abs(((size * 10 ** places) % 1) - 0.5) < 1e-9) {
        places++;
    }
    if (!FORMATS.has(places)) {
        FORMATS.set(places, new Intl.NumberFormat("en-GB", { maximumFractionDigits: places }));
    }
    return FORMATS.get(places).format(size);
}

/** 1,583, 32.1, 0.87, −4.18: as many digits as a reader can use. Missing: a dash. */
function numberText(value, digits) {
    if (!isNumber(value)) {
        return value === Infinity ? "no upper limit" : value === -Infinity ? "no lower limit" : DASH;
    }
    const size = Math.abs(value);
    const places =
        digits ?? (Number.isInteger(value) || size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
    const text = roundedText(size, places);
    return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** +4.2 %, −16 %; from a number of percent. */
function percentText(percent) {
    if (!isNumber(percent)) {
        return DASH;
    }
    const size = Math.abs(percent);
    const text = numberText(size, size >= 10 ? 0 : 1);
    const sign = /[1-9]/.test(text) ? (percent < 0 ? MINUS : "+") : "";
    return `${sign}${text}${SPACE}%`;
}

/** 0.031, < 0.001 */
function probabilityNumber(p) {
    return p < 0.001 ? `<${SPACE}0.001` : p.toLocaleString("en-GB", { maximumSignificantDigits: 2 });
}

/** p = 0.031, p < 0.001 */
function probabilityText(p) {
    return !isNumber(p) ? "no p" : p < 0.001 ? `p ${probabilityNumber(p)}` : `p = ${probabilityNumber(p)}`;
}

/** 1,280 to 1,377 */
function limitsText(lower, upper) {
    return isNumber(lower) || isNumber(upper) ? `${numberText(lower)} to ${numberText(upper)}` : "";
}

/** "April 2006" of 2006-04-01, "17 April 2006" of another day; of the last day of a month its month, with isEnd. */
function dateText(date, isEnd) {
    const [year, month, day] = String(date ?? "")
        .split("-")
        .map(Number);
    if (!year || !month) {
        return String(date ?? DASH);
    }
    const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
    const isWhole = !day || day === (isEnd ? lastDay : 1);
    return `${isWhole ? "" : `${day} `}${MONTHS[month - 1]} ${year}`;
}

function rangeText(from, to) {
    return `${dateText(from)} to ${dateText(to, true)}`;
}

/** "Apr 2010" of 2010-04; quarters and years stand for themselves. */
function periodText(period) {
    const month = /^(\d{4})-(\d{2})$/.exec(period ?? "");
    return month ? `${MONTHS[month[2] - 1].slice(0, 3)} ${month[1]}` : String(period ?? "");
}

/** "a, b and c" */
function listText(words) {
    return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** "1 service", "3 services", "no services" */
function countText(n, one, many = `${one}s`) {
    return `${n === 0 ? "no" : numberText(n)} ${n === 1 ? one : many}`;
}

function capitalised(text) {
    return text ? text[0].toUpperCase() + text.slice(1) : "";
}

/** The sign of a minus, where a text came with a hyphen before a number. */
function typeset(text) {
    return String(text ?? "")
        .replace(/(^|[\s(])-(?=\d)/g, `$1${MINUS}`)
        .replace(/(\d) %/g, `$1${SPACE}%`);
}

/** "X00 op 300 2009-04 (-55 %)" of the tables, as words. */
function breakFlagText(flag) {
    return typeset(flag).replace(/\b(\d{4}-\d{2})\b/g, (month) => periodText(month));
}

const PERIOD_NAMES = { month: "Monthly", quarter: "Quarterly", year: "Yearly" };
const EXPECTED_NAMES = { lower: "lower", higher: "higher", none: "no direction" };
const METHOD_NAMES = {
    its: "segmented regression",
    pre_post: "before and after",
    did: "difference in differences",
    synthetic_control: "synthetic control",
    trend: "straight line",
    spc: "control chart",
    power: "power",
};
const DATASET_NAMES = {
    apc: "inpatients",
    op: "outpatients",
    ae: "accident and emergency",
    table: "a table of numbers",
};
