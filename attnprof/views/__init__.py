"""What a person is shown: results, a choice, a comparison, a check, an explanation, the catalogue."""
