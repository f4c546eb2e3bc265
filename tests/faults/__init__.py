"""The campaign: inputs that nobody meant, kills at any time, damaged folders. Nothing may be lost or let in.

``make campaign`` runs all of it; ``python -m tests.faults --seed 7 --cases 100000`` as many inputs as wanted, and
``--only 123`` one of them again. docs/reliability.md says what is promised, and what the last campaign
counted.
"""
