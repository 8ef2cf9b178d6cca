"""Pictures of a valuation: one description each, drawn as SVG for the report and with matplotlib for Python.

    bars        ranges, steps and swings along one axis: football field, waterfall, tornado
    curves      series over years: the ramp
    columns     how many draws lie where: the distribution
    svg         any of them as one self-contained SVG
    axes        any of them on axes of matplotlib (extra `plots`)

A picture holds numbers and words and knows nothing of the model. Its colours are told apart by those who
cannot tell red from green, and printed grey: what falls is pale with a dark edge, what rises is dark.
"""
