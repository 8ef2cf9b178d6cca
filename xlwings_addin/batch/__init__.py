"""Many companies, cases and workbooks at once: valued, checked or refreshed, by whoever has time."""
