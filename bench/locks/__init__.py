"""How the lock remedy does against real contenders."""
