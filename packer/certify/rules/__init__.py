"""The rules of `caretaker certify`, in the order people read them."""
