"""The businesses of the company, each with its own way of being valued."""
