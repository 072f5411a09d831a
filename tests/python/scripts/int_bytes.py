# int.to_bytes and from_bytes at the edges of every length.
for n in (0,1,127,128,255,256,65535,2**63-1,2**64,2**70,-1,-128,-129,-2**63,-2**70):
    for c in (0,1,2,8,9,12):
        for o in ("little","big"):
            for s in (False,True):
                try: print(n.to_bytes(c,o,signed=s), int.from_bytes(n.to_bytes(c,o,signed=s),o,signed=s)==n)
                except OverflowError as e: print(e)
