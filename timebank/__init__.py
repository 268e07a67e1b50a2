"""Everything that is recorded: the Flask application of the rural time bank and its database."""
