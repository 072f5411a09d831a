# Slices of all sequences with all kinds of parts, slice assignment, and int() and float() of numbers.
def hash_text(text):
    total = 0
    for letter in text:
        total = (total * 31 + ord(letter)) % 1000000007
    return total
l=list(range(10))
class I:
    def __init__(s,v): s.v=v
    def __index__(s): return s.v
def chk(seq):
    out=[]
    for a in (None,-100,-3,0,2,5,100,2**70,-2**70,True,I(3)):
        for b in (None,-100,-3,0,2,5,100,2**70,-2**70,True,I(3)):
            for c in (None,1,2,-1,-2,3,-100,100,2**70,-2**70,True,I(-1)):
                out.append(seq[a:b:c])
    return hash_text(str(out))
for s in (l,[1.5,2.5,3.5,4.5],['a','b','c','d','e'],tuple(l),'hello world',b'hello world',bytearray(b'xyzzy')):
    print(chk(s))
for s in (l,[1.5,2.5,3.5,4.5],['a','b','c','d','e']):
    out=[]
    for a in (None,-100,-3,0,2,5,100,I(1)):
        for b in (None,-100,-3,0,2,5,100,True):
            for c in (None,1,2,-1,-2):
                for v in ([],[1],[1.0],['x'],[1,2,3],(1,2),'ab',None):
                    t=list(s)
                    try:
                        if v is None: del t[a:b:c]
                        else: t[a:b:c]=v
                    except Exception as e: t=str(e)
                    out.append(t)
                t=list(s)
                try: t[a:b:c]=t
                except Exception as e: t=str(e)
                out.append(t)
    print(hash_text(str(out)))
def f(n):
    s=0
    for i in range(n):
        s+=int(i*1.5)+int(float(i))+int(float(i)*1e15)
        s+=float(i)+float("1.5")+int("3")+int(True)+float(True)
        try: s+=int(float(i%7)*1e308*10)
        except OverflowError: s+=1
        try: s+=int(float('nan'))
        except ValueError: s+=1
    return s
print(f(300), int(9.3e18), int(-9.3e18), int(1e30),int(), float(), int(-9.2e18))
try: l[::0]
except ValueError as e: print(e)
try: l['a':]
except TypeError as e: print(e)
