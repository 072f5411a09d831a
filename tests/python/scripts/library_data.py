# The standard library's modules: numbers, arrays, bytes, files.
import random, array, struct, hashlib, os, io, bisect, heapq, fractions, copy
r = random.Random(42)
print([r.random() for _ in range(3)], r.getrandbits(100), r.randrange(10**20), r.choice("abc"), r.sample(range(100), 5), r.gauss(), r.choices("abcd", k=4), r.uniform(1,2), r.normalvariate(), r.expovariate(2), r.triangular(), r.betavariate(1,2), r.gammavariate(.5,2))
random.seed("hello"); print(random.random(), random.randbytes(5)); random.seed(b"x"); print(random.random()); random.seed(1.5); print(random.random()); random.seed(-7); x=list(range(10)); random.shuffle(x); print(x)
random.seed(2**200+1); s=random.getstate(); a=random.random(); random.setstate(s); print(a==random.random(), a, len(s[1]))
for n in ("md5","sha1","sha224","sha256","sha384","sha512"):
    h = hashlib.new(n); h.update(b"abc"); h.update(b"d"*1000); print(n, h.hexdigest(), h.digest_size)
A = array.array
a = A('d', [1,2,3.5]); a.append(4); a *= 2; print(a, a[1:3], a[::-1], len(a), a.itemsize, a.typecode, a == A('d', a), a < A('d', [2]), 3.5 in a, a.index(4), a.count(4))
a[1:3] = A('d', [9]); del a[0]; del a[::2]; print(a); a.insert(0, 7); a.pop(); a.pop(0); a.reverse(); print(a, a.tobytes(), a.tolist())
for code, v in (('b',128),('B',-1),('h',40000),('H',-1),('i',2**31),('I',-1),('L',-1),('d','x'),('b','x'),('q',2**63),('Q',2**64)):
    try: A(code,[v]); print("??")
    except Exception as e: print(type(e).__name__)
print(A('Q',[2**64-1]), A('L',[5])[0], A('u',"héllo"), A('f',[0.1])[0], A('B', b"ab"), A('i', b"\1\0\0\0"), sum(A('i', range(10))), [x for x in A('h',[1,-2])], repr(A('l')))
class I:
    def __index__(self): return 5
b = A('b', [I()]); b.extend([1,2]); b.extend(A('b',[3])); b.remove(1); print(b, b+b, 2*b, copy.copy(b), copy.deepcopy(b))
try: a + [1]
except TypeError as e: print(e)
print(struct.pack("<bBhHiIqQfd?3s2x", -1, 255, -2, 65535, -3, 7, -4, 2**64-1, 1.5, 2.5, True, b"abcd"), struct.calcsize("bi"), struct.calcsize("<bi"), struct.unpack(">hHl4s", struct.pack(">hHl4s", -1, 2, -3, b"hi")), struct.unpack("<3B", b"abc"), struct.Struct(">B").pack(7), list(struct.iter_unpack("<H", b"abcd")), struct.unpack_from("<H", b"abcd", 1), struct.unpack("<e", b"\x00\x3c"))
try: struct.pack("B", 256)
except struct.error as e: print(e)
try: struct.unpack("i", b"ab")
except struct.error as e: print(e)
print(os.path.join("a","b","/c","d"), os.path.split("/a/b.c"), os.path.splitext("x/.b"), os.path.splitext("a.b.c"), os.path.normpath("a/../b//./c"), os.path.basename("/a/" + "t1.py"), os.path.exists("/nonexist"), os.path.isdir("/tmp"), os.path.relpath("/a/b","/a/c"))
s = io.StringIO(); print("hi", file=s); s.write("x\ny"); print(repr(s.getvalue()), s.tell(), s.seek(0), s.readline(), s.read(), list(io.StringIO("a\nb"))); s.seek(1); s.write("ZZ"); print(repr(s.getvalue()))
b = io.BytesIO(b"abc"); b.read(1); b.write(b"Q"); print(b.getvalue(), b.read())
print(bisect.bisect([1,2,2,3],2), bisect.bisect_left([1,2,2,3],2))
h=[5,3,8,1]; heapq.heapify(h); heapq.heappush(h,0); print([heapq.heappop(h) for _ in range(5)], heapq.nlargest(2,[1,5,3]), list(heapq.merge([1,4],[2,3])))
F=fractions.Fraction
print(F(3,6), F("1.25"), F("-3/4"), F(0.5), F(1,3)+F(1,6), F(1,3)*3, 1/F(2,3), F(7,2)//2, F(7,2)%2, hash(F(1,2))==hash(0.5), F(1,3)<F(1,2), F(2)==2, round(F(5,2)), F(3,2)**2, F(3,2)**-2, float(F(1,4)), max(F(1,2),0.75), repr(F(1,2)), F(1,3).limit_denominator(2), -F(1,2), abs(F(-1,2)), int(F(-7,2)), sum([F(1,2)]*3), F(355,113) - 3)
name = "/tmp/heddle-test-%d" % os.getpid()
with open(name, "wb") as f: f.write(b"hello world")
with open(name, "rb") as f: print(f.read(3), f.tell(), f.seek(6), f.read(), f.seek(-2, 2), f.read(1))
print(os.path.getsize(name), os.path.isfile(name)); os.remove(name); print(os.path.exists(name))
