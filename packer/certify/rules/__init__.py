"""The rules of `caretaker certify`, in the order people read them."""

from packer.certify.rule import Rule
from packer.certify.rules import architecture

RULES: tuple[Rule, ...] = (architecture.SIXTY_FOUR_BITS,)
