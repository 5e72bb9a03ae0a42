"""Preset ``xtalnet``: XtalNet's contrastive pretraining of patterns and crystals, as published."""
