"""The commands: one per file, each exporting COMMAND; files that begin with '_' are what they share."""
