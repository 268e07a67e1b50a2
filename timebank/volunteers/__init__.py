"""What a volunteer may do: checked identity, papers and gates per service, levels, honours, minors and guardians."""
