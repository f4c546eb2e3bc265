"""How samples are taken and judged. Clocks and devices are reached through a backend alone: tests bring a
scripted one.

shares.py      how many more visits each cell gets, so that all have equal time
trial.py       one cell: its warm-up, its visits
rounds.py      cells visited in turn, in random order, until each is known well enough or time is up
timing.py      which samples count, and what may be wrong with them
estimators.py  from the samples that count to one figure, with its interval
ratios.py      a cell's time over the baseline's
signs.py       drift and bimodality: what a series of samples shows of itself
peaks.py       what the device can do at best
bound.py       the least time a call could take on such a device
"""
