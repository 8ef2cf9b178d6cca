"""Two workbooks: what differs, and what moved the value."""
