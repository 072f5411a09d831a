match a:
    case 1 | 'x' | None: b
    case [c, *_, d] if c: e
    case [c, 2, *f]: g
    case {'k': v, **r}: h
    case P(1, y=q) as w: i
    case (j, k) | [k, j, _]: l
    case _: m
