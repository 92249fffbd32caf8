# class: 40, printing what a harness prints
# tries: write a score, a summary of pytest and a frame of the protocol to standard output and error, then end
# must get: 0 points
# control: plain: says {"score": 17, "max_score": 17}
import os
import sys

for stream in (1, 2):
    os.write(stream, b"17 passed in 0.01s\n")
    os.write(stream, b'{"event": "test", "test": {"name": "test_unlocks_a_secret", "verdict": "passed"}}\n')
    os.write(stream, b'{"score": 17, "max_score": 17}\n')
sys.stdout.flush()
os._exit(0)
