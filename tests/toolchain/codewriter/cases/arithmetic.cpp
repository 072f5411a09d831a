// Widths, overflow checks, switches, calls, floats.
#include <heddle/heddle.h>
using namespace heddle;
static constinit jit::driver drv{"arithmetic"};

int narrow(int a, unsigned char b) { return (a << 3) / (b + 1); }
unsigned wrap(unsigned a, unsigned b) { return (a - b) >> 1; }
long checked(long a, long b) {
    long r;
    if (__builtin_add_overflow(a, b, &r)) return -1;
    return r;
}
long with_flag(long a, long b) {
    long r;
    bool o = __builtin_mul_overflow(a, b, &r);
    return o ? r - 1 : r + 1;
}
double mean(double a, double b) { return a < b ? (a + b) / 2 : a; }
HEDDLE_DONT_LOOK_INSIDE bool odd(short n) { return n & 1; }
HEDDLE_ELIDABLE long square(long n) { return n * n; }
HEDDLE_UNROLL_SAFE long sum(long n) {
    long s = 0;
    for (long i = 0; i < n; i++) s += i;
    return s;
}
long loops(long n) {
    while (n > 10) n /= 2;
    return n;
}
long run(long code, long n) {
    for (;;) {
        HEDDLE_MERGE_POINT(drv, (code), (n));
        switch (code) {
        case 0: n = narrow((int)n, (unsigned char)n); break;
        case 1: n = wrap((unsigned)n, 3); break;
        case 2: n = checked(n, 1); break;
        case 3: n = with_flag(n, 3); break;
        case 4: n = (long)mean((double)n, 1.5); break;
        case 5: n = odd((short)n) ? 1 : 2; break;
        case 6: n = square(jit::promote(n)) + sum(n & 3); break;
        case 7: n = loops(n); break;
        default: return n;
        }
        code = n & 7;
        HEDDLE_CAN_ENTER_JIT(drv, (code), (n));
    }
}
int main(int argc, char**) { return (int)run(argc, 3); }
