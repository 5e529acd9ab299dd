"""Measurements, one file a question: ``python -m benchmarks`` lists them, ``python -m benchmarks NAME`` runs one."""
