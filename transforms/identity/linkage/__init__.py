"""Linking any data set of people from a column mapping alone, without labels."""
