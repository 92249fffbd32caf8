import os

print("GOTCHA", flush=True)
os._exit(0)
