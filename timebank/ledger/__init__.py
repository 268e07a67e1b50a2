"""Hour accounts and transfers: one row moves minutes from one account to another, so nothing can be out of balance."""
