"""Learned models: one folder each, all of one anatomy (config, network, loss, predict)."""
