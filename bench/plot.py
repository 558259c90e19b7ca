"""Charts as SVG, drawn by hand. Line charts side by side: axes from 0, a grid at round numbers, points where something was measured. Groups of
bars: from 0, the number behind each."""
import math
from html import escape

WIDTH, HEIGHT, GAP = 320, 220, 80
LEFT, TOP, BOTTOM = 52, 34, 64
COLOURS = ("#005eb8", "#d5281b")


def steps(highest):
    """Round numbers from 0 to at or above the highest, four to eight of them."""
    size = 10 ** math.floor(math.log10(highest))
    step = next(size * part for part in (0.1, 0.2, 0.25, 0.5, 1, 2) if highest / (size * part) <= 7)
    return [i * step for i in range(math.ceil(highest / step - 1e-9) + 1)]


def chart(left, title, x_label, curves):
    """`curves` are lists of (x, y), each in its colour."""
    xs, ys = (steps(max(point[axis] for curve in curves for point in curve)) for axis in (0, 1))

    def place(x, y):
        return left + WIDTH * x / xs[-1], TOP + HEIGHT * (1 - y / ys[-1])

    out = [f'<text x="{left}" y="{TOP - 14}" font-weight="bold">{title}</text>']
    for y in ys:
        height = place(0, y)[1]
        out.append(f'<path d="M{left} {height:.1f}h{WIDTH}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 6}" y="{height + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in xs:
        out.append(f'<text x="{place(x, 0)[0]:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{x:g}</text>')
    out.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 36}" text-anchor="middle">{x_label}</text>')
    for curve, colour in zip(curves, COLOURS):
        points = [place(x, y) for x, y in curve]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return out


def write(path, x_label, names, charts):
    """`charts` are (title, curves), `names` those of the curves, the same in each chart."""
    width, height = LEFT + len(charts) * (WIDTH + GAP), TOP + HEIGHT + BOTTOM
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>']
    for i, (title, curves) in enumerate(charts):
        out += chart(LEFT + i * (WIDTH + GAP), title, x_label, curves)
    for i, (name, colour) in enumerate(zip(names, COLOURS)):
        x = LEFT + 160 * i
        out.append(f'<path d="M{x} {height - 12}h22" stroke="{colour}" stroke-width="2"/><text x="{x + 28}" y="{height - 8}">{name}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n</svg>\n")


# Ground and ink change together, so that the chart is legible whatever the page around it does.
THEME = """<style>
.ground { fill: #fff } .ink { fill: #1f2328 } .faint { fill: #59636e } .ours { fill: #005eb8 } .others { fill: #b4bcc6 }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117 } .ink { fill: #f0f6fc } .faint { fill: #9198a1 } .ours { fill: #4c9fe8 } .others { fill: #525a64 }
}
</style>"""


def bars(path, title, note, groups):
    """`groups` are (name, [(name of the bar, length, what stands behind it)]), the first bar of each ours."""
    label, bar, gap, width = 110, 18, 22, 760
    longest = max(value for _, group in groups for _, value, _ in group)
    y, out = 58, []
    for name, group in groups:
        out.append(f'<text class="ink" x="16" y="{y}" font-weight="bold">{name}</text>')
        y += 8
        for i, (who, value, behind) in enumerate(group):
            length = max(2, (width - label - 150) * value / longest)
            weight = "bold" if i == 0 else "normal"
            out += [f'<text class="ink" x="{label}" y="{y + 13}" text-anchor="end" font-weight="{weight}">{escape(who)}</text>',
                    f'<rect class="{"others" if i else "ours"}" x="{label + 8}" y="{y}" width="{length:.1f}" height="{bar - 4}"/>',
                    f'<text class="ink" x="{label + 14 + length:.1f}" y="{y + 12}" font-weight="{weight}">{escape(behind)}</text>']
            y += bar
        y += gap
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + 4}" viewBox="0 0 {width} {y + 4}" '
            'font-family="system-ui, sans-serif" font-size="12">', THEME, '<rect class="ground" width="100%" height="100%" rx="6"/>',
            f'<text class="ink" x="16" y="28" font-size="15" font-weight="bold">{escape(title)}</text>']
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(head + out) + f'\n<text class="faint" x="16" y="{y - 8}">{escape(note)}</text>\n</svg>\n')
