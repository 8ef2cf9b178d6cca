"""What the project depends on, and under which licences."""
