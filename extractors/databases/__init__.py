"""Legacy databases: one kind of server a module, behind `session.Session`; `extractors.sql` is their door."""
