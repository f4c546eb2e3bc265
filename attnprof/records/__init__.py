"""What a run keeps: the case, its events and their fold, the journal, the environment."""
