"""The results as one HTML page that needs nothing else: tables, bars of the geometric means, a warm-up curve for each benchmark (SVG)."""
import html
import math

COLORS = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0"]
STYLE = """body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:76em;padding:0 1em;color:#222}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}
.best{font-weight:600}.bad{color:#b00}.curves{display:flex;flex-wrap:wrap;gap:1em}figure{margin:0}figcaption{font-size:.85em;color:#555}
.key span{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}"""


def ratio_bars(title, note, ratios):
    """ratios: VM -> number. Bars from 1 on a logarithmic scale."""
    width, height, left = 640, 26, 110
    values = [v for v in ratios.values() if v and v > 0]
    if not values:
        return ""
    low, high = min(values + [1.0]), max(values + [1.0])
    span = math.log(high / low) or 1.0
    def x(value):
        return left + (width - left - 60) * math.log(value / low) / span
    parts = [f'<svg width="{width}" height="{height * len(ratios) + 6}" role="img" aria-label="{html.escape(title)}">']
    for row, (vm, value) in enumerate(ratios.items()):
        y = row * height + 4
        parts.append(f'<text x="0" y="{y + 14}" font-size="13">{html.escape(vm)}</text>')
        if value and value > 0:
            start, end = sorted((x(1.0), x(value)))
            parts.append(f'<rect x="{start:.1f}" y="{y}" width="{max(end - start, 1.5):.1f}" height="{height - 8}" fill="{COLORS[row % len(COLORS)]}"/>')
            parts.append(f'<text x="{end + 5:.1f}" y="{y + 14}" font-size="12">{value:.2f}</text>')
    parts.append(f'<line x1="{x(1.0):.1f}" x2="{x(1.0):.1f}" y1="0" y2="{height * len(ratios) + 6}" stroke="#888"/></svg>')
    return f"<h2>{html.escape(title)}</h2><p>{html.escape(note)}</p>" + "".join(parts)


def curve(name, series):
    """series: VM -> (color, times in ms). Iterations across, time up on a logarithmic scale."""
    width, height, left, bottom = 340, 190, 48, 24
    times = [t for _, values in series for t in values if t > 0]
    if not times:
        return ""
    low, high = min(times) * 0.9, max(times) * 1.1
    count = max(len(values) for _, values in series)
    def x(number):
        return left + (width - left - 8) * (number / max(count - 1, 1))
    def y(time):
        return 6 + (height - bottom - 6) * (1 - math.log(max(time, low) / low) / math.log(high / low))
    parts = [f'<svg width="{width}" height="{height}">']
    step = 10 ** math.floor(math.log10(low))
    marks = [m * step * 10 ** k for k in range(8) for m in (1, 2, 5)]
    marks = [m for m in marks if low <= m <= high]
    for mark in marks[:: max(1, len(marks) // 5)]:
        parts.append(f'<line x1="{left}" x2="{width - 8}" y1="{y(mark):.1f}" y2="{y(mark):.1f}" stroke="#e5e5e5"/>'
                     f'<text x="{left - 5}" y="{y(mark) + 4:.1f}" font-size="11" text-anchor="end">{mark:g}</text>')
    for color, values in series:
        points = " ".join(f"{x(i):.1f},{y(t):.1f}" for i, t in enumerate(values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.7"/>')
        if len(values) == 1:
            parts.append(f'<circle cx="{x(0):.1f}" cy="{y(values[0]):.1f}" r="3" fill="{color}"/>')
    parts.append(f'<text x="{left}" y="{height - 6}" font-size="11">1</text>'
                 f'<text x="{width - 8}" y="{height - 6}" font-size="11" text-anchor="end">{count}</text></svg>')
    return f"<figure>{''.join(parts)}<figcaption>{html.escape(name)}: ms by iteration</figcaption></figure>"


def table(head, rows):
    """rows: lists of (text, class)."""
    parts = ["<table><tr>" + "".join(f"<th>{html.escape(text)}</th>" for text in head) + "</tr>"]
    for row in rows:
        parts.append("<tr>" + "".join(f'<td class="{kind}">{html.escape(text)}</td>' for text, kind in row) + "</tr>")
    return "".join(parts) + "</table>"


def write(path, results, metrics):
    vms = list(results["vms"])
    colors = {vm: COLORS[number % len(COLORS)] for number, vm in enumerate(vms)}
    base = vms[0]
    body = [f"<h1>Benchmarks: {html.escape(' / '.join(vms))}</h1>",
            f"<p>{html.escape(results['when'])}, {results['rounds']} rounds in turn, medians; ratios against {html.escape(base)}, pair by pair.</p>",
            "<p class=key>" + "".join(f'<span style="background:{colors[vm]}"></span>{html.escape(vm)}: <code>{html.escape(" ".join(results["vms"][vm]))}</code>'
                                      for vm in vms) + "</p>"]
    if results["start_up"]:
        body.append("<h2>Start-up, ms</h2>" + table(["VM", "first output", "end"],
                    [[(vm, ""), (f"{first:.1f}", ""), (f"{end:.1f}", "")] for vm, (first, end) in results["start_up"].items()]))
    for metric in metrics:
        for suite, means in results["means"].items():
            body.append(ratio_bars(f"{metric.title} ({suite})", metric.note, {vm: means[metric.key].get(vm) for vm in vms}))
    for metric in metrics:
        rows = []
        for name, entry in results["benchmarks"].items():
            values = {vm: entry["vms"][vm][metric.key] for vm in vms if vm in entry["vms"]}
            best = min(values.values()) if values else None
            row = [(name, "")]
            for vm in vms:
                if vm not in values:
                    row += [("failed", "bad"), ("", "")]
                    continue
                row.append((f"{values[vm]:.4g}", "best" if values[vm] == best else ""))
                ratio = entry["ratios"].get(vm, {}).get(metric.key)
                row.append((f"{ratio:.2f}" if ratio else "", ""))
            rows.append(row)
        body.append(f"<h2>{html.escape(metric.title)}</h2><p>{html.escape(metric.note)}</p>" +
                    table(["benchmark"] + [text for vm in vms for text in (f"{vm} {metric.unit}", f"x {base}")], rows))
    body.append("<h2>Warm-up</h2><div class=curves>")
    for name, entry in results["benchmarks"].items():
        body.append(curve(name, [(colors[vm], entry["vms"][vm]["times"]) for vm in vms if vm in entry["vms"]]))
    body.append("</div>")
    if results["problems"]:
        body.append("<h2>Failures</h2>" + table(["benchmark", "VM", "what"], [[(p["benchmark"], ""), (p["vm"], ""), (p["problem"], "bad")] for p in results["problems"]]))
    path.write_text(f"<!doctype html><html lang=en><meta charset=utf-8><title>Benchmarks</title><style>{STYLE}</style><body>{''.join(body)}</body></html>\n")
