"""What every feature stands on: database, clock, ids, limits, errors, texts. Imports no feature."""
