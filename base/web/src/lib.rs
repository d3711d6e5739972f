//! The portal's frame.
