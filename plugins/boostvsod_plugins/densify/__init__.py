"""Densifiers, which make pseudo ground truth for frames between mined frames."""
