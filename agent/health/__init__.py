"""Health: findings in, verdict out. Knows no HTTP and no clock but the one handed in."""
