"""As much of tensorflow as the programs use."""
