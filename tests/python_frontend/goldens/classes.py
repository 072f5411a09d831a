@deco(1)
class A(B, metaclass=M):
    """doc"""
    x: int = 1
    def __init__(self, y):
        super().__init__(y)
        super().z = self.__w = __class__
class C(*bases, **kw): pass
