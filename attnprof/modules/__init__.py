"""The attention modules: one per file, each exporting ENTRY (see attnprof.catalogue.entry for its keys).

Contract of a module: ``channels`` first and required, every hyperparameter keyword-only with the official
default; ``height`` and ``width`` keyword-only, and only where the paper bakes the size in; input and output
(N, C, H, W) of the same shape, the gate already applied; the input is left as it was.
"""
