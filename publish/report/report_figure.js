// A figure: number, title, caption, chart, export, and the table behind it. Charts are drawn when they come near the
// window, in the browser's idle time, and at the latest before printing.

const CHART_WIDTH = 860; // in pixels; the style sheet scales it down where there is less room

class Figures {
    constructor() {
        this.all = [];
        this.byElement = new Map();
        this.observer = new IntersectionObserver(
            (entries) =>
                entries
                    .filter((entry) => entry.isIntersecting)
                    .forEach((entry) => this.draw(this.byElement.get(entry.target))),
            { rootMargin: "800px 0px" },
        );
    }

    /**
     * One figure, with its place in the count of figures; null when it has nothing to draw.
     *
     * content: {title, caption, description, spec, columns, rows}: spec is Vega-Lite; description says in words what the
     * chart shows; columns and rows are the table behind it (htmlTable), made when it is opened.
     */
    add(content) {
        const number = this.all.length + 1;
        const figure = {
            number,
            id: `figure-${number}`,
            drawn: null,
            view: null,
            ...content,
            spec: drawable(content.spec),
        };
        const title = `Figure ${number}. ${content.title}`;

        if (!figure.spec) {
            return null;
        }
        figure.chart = element("div", { class: "chart", "aria-hidden": "true" }); // Vega gives it a role and a name of its own
        figure.element = element(
            "figure",
            { id: figure.id, "aria-labelledby": `${figure.id}-title` },
            element(
                "figcaption",
                null,
                element("p", { class: "figure-title", id: `${figure.id}-title` }, title),
                element(
                    "p",
                    { class: "caption" },
                    content.caption,
                    content.notes ? element("span", { class: "notes" }, ` ${content.notes}`) : null,
                ),
            ),
            element(
                "div",
                { role: "img", "aria-label": `${title}. ${content.description ?? content.caption}` },
                figure.chart,
            ),
            element(
                "div",
                { class: "tools" },
                this.exportButton(figure, "svg"),
                this.exportButton(figure, "png"),
            ),
            this.details(figure),
        );
        this.all.push(figure);
        this.byElement.set(figure.chart, figure);
        return figure.element;
    }

    exportButton(figure, type) {
        const button = element(
            "button",
            { type: "button" },
            `Export ${type.toUpperCase()}`,
            element("span", { class: "unseen" }, ` of figure ${figure.number}`),
        );
        button.addEventListener("click", () => this.save(figure, type));
        return button;
    }

    details(figure) {
        const details = element(
            "details",
            null,
            element(
                "summary",
                null,
                "Show the table",
                element("span", { class: "unseen" }, ` of figure ${figure.number}`),
            ),
        );
        details.addEventListener("toggle", () => {
            if (details.open && details.childElementCount === 1) {
                details.append(
                    htmlTable(
                        `Table of figure ${figure.number}: ${figure.title}`,
                        figure.columns,
                        figure.rows,
                    ),
                );
            }
        });
        return details;
    }

    /** The picture as an address that holds it; SVG as text, PNG at twice the size of the screen's pixels. */
    async image(figure, type) {
        await this.draw(figure);
        return figure.view.toImageURL(type, type === "png" ? 2 : 1);
    }

    async save(figure, type) {
        const address = await this.image(figure, type);
        const anchorElement = element("a", {
            href: address,
            download: `${anchor("figure", figure.number, figure.title)}.${type}`,
        });
        document.body.append(anchorElement);
        anchorElement.click();
        anchorElement.remove();
    }

    /** Draws once; later calls wait for the first. The expressions are interpreted, so that the page needs no eval. */
    draw(figure) {
        figure.drawn ??= vegaEmbed(figure.chart, chartSpec(figure.spec), {
            mode: "vega-lite",
            actions: false,
            ast: true,
            renderer: "svg",
            defaultStyle: false,
            tooltip: { theme: "hestia", disableDefaultStyle: true },
        }).then((result) => {
            figure.view = result.view;
            figure.chart.dataset.drawn = "yes";
            this.observer.unobserve(figure.chart);
        });
        return figure.drawn;
    }

    drawAll() {
        return Promise.all(this.all.map((figure) => this.draw(figure)));
    }

    /** Begins to look at where the reader is, and draws the rest while the browser has nothing else to do. */
    start() {
        const waiting = [...this.all];
        const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
        const drawNext = async () => {
            const figure = waiting.shift();
            if (figure) {
                await this.draw(figure);
                whenIdle(drawNext);
            }
        };

        this.all.forEach((figure) => this.observer.observe(figure.chart));
        window.addEventListener("beforeprint", () => this.drawAll());
        window.addEventListener("load", () => whenIdle(drawNext));
    }
}
