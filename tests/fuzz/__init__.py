"""Inputs spoilt at random, from a seed: no traceback, no hang, no more memory than allowed, nothing lost."""
