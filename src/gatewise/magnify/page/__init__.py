"""The magnifier's page: one HTML file with all that it needs.

``moment`` and ``standing`` say what is shown of an ``Inspection``, ``packing`` keeps their arrays small, and
``report`` puts them into the template with its style and scripts, which lie beside it and only draw.
"""
