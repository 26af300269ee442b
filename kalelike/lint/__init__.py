"""Checks of documents, before and after the compiler."""
