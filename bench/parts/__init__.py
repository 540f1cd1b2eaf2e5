"""The parts of the benchmark: servers, load, measures, report."""
