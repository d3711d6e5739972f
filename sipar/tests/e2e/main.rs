//! The program as its users meet it: processes, files, sockets.

mod bad;
mod kill;
mod main_job;
mod roles;
mod support;
