"""Why a case's counts are what they are: its operators by submodule, how each grows, what other counters make of it."""
