"""The product of two n by n matrices of floats held as lists of rows."""


def matrix(n, seed):
    rows = []
    value = seed
    for _ in range(n):
        row = []
        for _ in range(n):
            value = (value * 1103515245 + 12345) % 2147483648
            row.append(value / 2147483648)
        rows.append(row)
    return rows


def multiply(a, b):
    columns = list(zip(*b))
    product = []
    for row in a:
        line = []
        for column in columns:
            total = 0.0
            for k in range(len(row)):
                total += row[k] * column[k]
            line.append(total)
        product.append(line)
    return product


def benchmark(n):
    product = multiply(matrix(n, 1), matrix(n, 2))
    return round(sum([product[i][i] for i in range(n)]) * 1e6)


SIZE, RESULT = 160, 6408803851
TEST_SIZE, TEST_RESULT = 6, 10928058
