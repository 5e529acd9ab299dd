"""Measurements, one file a question: ``python -m benchmarks`` lists them, with NAME it runs one."""
