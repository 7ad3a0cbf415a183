"""Strategies of repeated games, from tit for tat to machines and tables."""
