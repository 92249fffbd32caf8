# class: 73, calling what the exercise forbids
# target: ban
# tries: bring the call in a file of another kind
# must get: 0 points
# control: plain: green test_shares test_is_stable
from pathlib import Path

space = {}
exec(Path(__file__).with_name("helper.txt").read_text(), space)
share = space["share"]
