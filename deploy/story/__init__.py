"""Rapport's main job on real data: 23,570 customers of a shop and what they bought, through every part that exists."""
