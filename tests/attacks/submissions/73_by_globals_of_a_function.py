# class: 73, calling what the exercise forbids
# target: ban
# tries: reach __import__ through the globals of a function
# must get: 0 points
# control: plain: green test_shares test_is_stable
def share(x):
    found = share.__globals__["__builtins__"]
    fetch = found["__import__"] if isinstance(found, dict) else found.__import__
    return fetch("torch")._C._VariableFunctions.softmax(x, -1)
