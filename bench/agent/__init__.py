"""The whole agent: what it costs when nothing happens, how soon it speaks, how soon it notices."""
