def f(a):
    try:
        a()
    except (E, F) as e:
        return e
    except G:
        raise H from None
    else:
        b()
    finally:
        c()
    for x in a:
        try:
            continue
        finally:
            d()
    with a as b, c:
        return b.d
