// Elements of the page. All text goes in as text, never as HTML, so that a name may hold anything.

/** An element with attributes and children; null children are left out, texts become text. */
function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value !== null && value !== undefined && value !== false) {
            made.setAttribute(name, value === true ? "" : value);
        }
    }
    made.append(
        ...children
            .flat(Infinity)
            .filter((child) => child !== null && child !== undefined && child !== false && child !== ""),
    );
    return made;
}

/**
 * A table with a caption. columns: [{title, cell(row), isHead, isNumber}]; a cell is text, a number's text or an element.
 * The column with isHead names its row (th scope=row).
 */
function htmlTable(caption, columns, rows, attributes = {}) {
    const head = element(
        "tr",
        null,
        columns.map((column) =>
            element("th", { scope: "col", class: column.isNumber ? "number" : null }, column.title),
        ),
    );
    const body = rows.map((row) =>
        element(
            "tr",
            null,
            columns.map((column) => {
                const content = column.cell(row);
                const attributesOfCell = { class: column.isNumber ? "number" : null };
                return column.isHead
                    ? element("th", { ...attributesOfCell, scope: "row" }, content)
                    : element("td", attributesOfCell, content);
            }),
        ),
    );
    return element(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table: ${caption}` },
        element(
            "table",
            attributes,
            element("caption", null, caption),
            element("thead", null, head),
            element("tbody", null, body),
        ),
    );
}

/** A section with a heading and an anchor; level 2 sections stand in the table of contents. */
function section(id, level, title, ...children) {
    return element(
        "section",
        { id, "aria-labelledby": `${id}-title` },
        element(`h${level}`, { id: `${id}-title` }, title),
        children,
    );
}

/** An id that can stand in an address: letters, digits and hyphens. */
function anchor(...parts) {
    return parts
        .join("-")
        .replace(/[^A-Za-z0-9]+/g, "-")
        .toLowerCase();
}

function link(id, text) {
    return element("a", { href: `#${id}` }, text);
}

/** An asterisk for a number that disclosure control took away, with its meaning for those who hear it. */
function withheldMark() {
    return element("abbr", { title: "withheld by disclosure control" }, ASTERISK);
}

/** The text of a number in a table: an asterisk where it was withheld, a dash where it is missing. */
function numberCell(value, isSuppressed, digits) {
    return !isNumber(value) && typeof value !== "string" && isSuppressed
        ? withheldMark()
        : numberText(value, digits);
}
