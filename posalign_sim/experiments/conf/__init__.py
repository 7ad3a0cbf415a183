"""Hydra configuration groups: studies and populations. Games and institutions add themselves."""
