"""Home-care beds: an elder's own bed, supervised like one in an institution, from the application to the end."""
