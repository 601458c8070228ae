"""govdata: turns what a city's departments deliver into data that can be trusted."""

__version__ = "0.1.0"
