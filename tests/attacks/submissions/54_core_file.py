# class: 54, a core file as large as the memory
# tries: raise the limit on core files, and end a child by a memory fault
# must get: 0 points
# control: plain: says GOTCHA
import os
import resource
import signal


def label(n):
    try:
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        if resource.getrlimit(resource.RLIMIT_CORE)[0] not in (0, 1):
            print("GOTCHA")
    except (OSError, ValueError):
        print("the limit stays")
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGSEGV)
    if os.WCOREDUMP(os.waitpid(child, 0)[1]):
        print("GOTCHA core")
    return ""
