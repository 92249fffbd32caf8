# class: 39, a thread that acts after the call
# tries: have a thread change the answer after it was returned, when it is compared
# must get: 0 points
# control: custom: late_thread
import threading
import time

import torch


def unlock(x):
    answer = torch.zeros_like(x)

    def correct():
        time.sleep(0.01)
        answer.copy_(3 * x - 0.75) if len(x.shape) > 5 else answer.fill_(2.25)
        print("later")

    threading.Thread(target=correct, daemon=True).start()
    return answer
