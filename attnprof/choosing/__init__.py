"""Choosing: budgets, verdicts on them, ranks that noise cannot tell apart, the Pareto front.

Rows in; no pandas, no torch.
"""
