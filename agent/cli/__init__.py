"""The caretaker command: one file a verb, loaded when it is asked for."""
