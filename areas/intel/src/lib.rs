//! Threat data in.
