"""Objects of plain attributes become dicts in one call, not in one per field (ADR 0026).

`reading` tells which fields are plain, `values` completes single values, `writing` writes the
functions, `plans` keeps them. Whatever is not plain, or is not as expected, goes the reference way.
"""
