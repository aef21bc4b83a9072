"""The agent: words, rules and shell of Caretaker. Imports neither setup nor support."""
