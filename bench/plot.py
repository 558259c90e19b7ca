"""Two line charts side by side as SVG, drawn by hand: axes from 0, a grid at round numbers, points where something was measured."""
import math

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
