"""Why the counts of a case are what they are: operators by submodule, growth, other counters."""
