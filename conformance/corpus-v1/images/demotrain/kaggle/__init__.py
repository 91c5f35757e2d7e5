"""Stands in for Kaggle's package, without the network."""
