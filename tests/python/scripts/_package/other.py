from .part import where
name = "other of " + where
