"""The sum of the parts."""
