# class: 34, an array that answers numpy's questions itself
# tries: return an ndarray whose __array_function__ and __array_ufunc__ say that all is well
# must get: 0 points
# control: plain: green test_unlocks_arrays
import numpy


class Agreeable(numpy.ndarray):
    def __array_function__(self, func, types, args, kwargs):
        return True

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return numpy.True_


def unlock(x):
    return numpy.zeros(5).view(Agreeable)
