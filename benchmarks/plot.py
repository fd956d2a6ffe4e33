"""Cost against entries, both on a logarithmic scale, as an SVG without any library."""

from collections.abc import Mapping, Sequence
from math import log10

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 70, 190, 24, 50
SHOWN = {
    "ledger": "#b45309",
    "hledger": "#7c2d12",
    "beancount": "#a16207",
    "rank year, cold": "#b91c1c",
    "floor": "#6b7280",
    "check": "#1d4ed8",
    "rank year, a week more": "#be185d",
    "rank year, warm": "#0f766e",
    "rank --week": "#15803d",
}


def draw(found: Mapping[str, Mapping[str, Sequence[float]]], entries: Mapping[str, int]) -> str:
    """The picture: a line a command, from what `run.py` measured."""
    lines = {
        task: [(entries[name], tasks[task][0]) for name, tasks in found.items() if task in tasks]
        for task in SHOWN
    }
    lines = {task: sorted(points) for task, points in lines.items() if points}
    xs = [x for points in lines.values() for x, _y in points]
    ys = [y for points in lines.values() for _x, y in points]
    low_x, high_x = log10(min(xs)) - 0.1, log10(max(xs)) + 0.1
    low_y, high_y = int(log10(min(ys))) - 1, int(log10(max(ys))) + 1

    def x_of(value: float) -> float:
        return LEFT + (log10(value) - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT)

    def y_of(value: float) -> float:
        return HEIGHT - BOTTOM - (log10(value) - low_y) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for power in range(low_y, high_y + 1):
        y = y_of(10.0**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>'
        )
    for count in sorted(set(xs)):
        x = x_of(count)
        parts.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e5e7eb"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{count:,}</text>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">entries</text>')
    ends = sorted((y_of(points[-1][1]), task) for task, points in lines.items())
    below = 0.0
    for y, task in ends:
        points = lines[task]
        color = SHOWN[task]
        path = " ".join(f"{x_of(a):.1f},{y_of(b):.1f}" for a, b in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x_of(a):.1f}" cy="{y_of(b):.1f}" r="3" fill="{color}"/>'
            for a, b in points
        ]
        below = max(y, below + 15)
        last = x_of(points[-1][0])
        parts.append(
            f'<path d="M{last + 4:.1f} {y:.1f}L{WIDTH - RIGHT + 12} {below:.1f}" stroke="{color}" stroke-width=".5"/>'
        )
        parts.append(
            f'<text x="{WIDTH - RIGHT + 16}" y="{below + 4:.1f}" fill="{color}">{task}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])
