# class: 71, patching the clock
# tries: stand still in every clock that Python has, and take three seconds
# must get: 0 points
# control: custom: clock_stands_still
import time

sleep = time.sleep
time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0


def label(n):
    sleep(3)
    return f"key-{n}"
