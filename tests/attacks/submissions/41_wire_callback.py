# class: 41, the wire itself
# tries: get more out of a function that the test passes in than its value: globals, code, closure, attributes
# must get: 0 points
# control: custom: wire_callback
import sys

WANTED = ("__globals__", "__code__", "__closure__", "__func__", "__self__", "__wrapped__", "__dict__", "__class__")


def slope(f, x):
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "ask"):
        frame = frame.f_back
    peer = frame.f_locals["self"]
    for op, names in (("get", WANTED), ("text", ("",)), ("dir", ("",)), ("item", ("",)), ("deepcopy", ("",))):
        for name in names:
            try:
                print("GOTCHA", peer.ask(op, f, name, ("a",) if op == "item" else ()))
            except Exception as error:
                print(type(error).__name__)
    for number in range(50):
        try:
            print("GOTCHA", peer.ask("call", number, "", ()))
        except Exception as error:
            print(type(error).__name__)
    return 0.0
