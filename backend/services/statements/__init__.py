"""Statements: a month of the platform's books, of all coaches or of one."""

from backend.services.statements.statements import Statements

__all__ = ["Statements"]
