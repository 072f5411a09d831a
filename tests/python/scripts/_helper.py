value = 5
def get(): return value
class Thing:
    x = 3
