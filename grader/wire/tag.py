"""The first element of a list in a tree: what the list stands for."""

LIST, TUPLE, DICT, SET, FROZENSET, SLICE, TENSOR, ARRAY, COMPLEX, BIG_INT, ELLIPSIS, RANGE = range(12)
SCALAR, DTYPE, DEVICE, SIZE, NAMED, SLOT, REFERENCE, BYTEARRAY, TEXT, BYTES = range(12, 22)
