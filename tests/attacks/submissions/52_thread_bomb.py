# class: 52, more and more threads
# tries: start two hundred threads
# must get: 0 points
# control: plain: says GOTCHA
import threading


def label(n):
    is_over = threading.Event()
    threads = []
    try:
        for _ in range(200):
            threads.append(threading.Thread(target=is_over.wait, daemon=True))
            threads[-1].start()
        print("GOTCHA")
    except RuntimeError:
        print("stopped at", len(threads))
    is_over.set()
    return ""
