"""The parts of one boosting run; engine.py puts them together."""
