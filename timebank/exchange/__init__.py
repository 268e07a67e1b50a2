"""Taking over what offices keep in tables: the register of people."""
