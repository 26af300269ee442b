"""What each cell binds, reads, changes and imports, found without executing anything."""
