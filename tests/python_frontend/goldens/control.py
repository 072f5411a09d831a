def f(a):
    for x in a:
        if x: continue
        if not x > 3: break
        print(x)
    else:
        return 1
    while a:
        a -= 1
    while True:
        if a(): return a
        assert a, 'no'
