# class: 31, a plugin of pytest that the submission installs
# tries: bring the metadata of an installed package with an entry point for pytest
# must get: 0 points
# control: cold: says GOTCHA
