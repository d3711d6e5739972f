//! SQLite and PostgreSQL behind one code path, with the outbox of facts.
