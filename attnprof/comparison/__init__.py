"""Two sets of figures held against each other: a run against published tables, a run against another."""
