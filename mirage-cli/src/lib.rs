//! The engine behind `mirage`: from config.rs to a running image.
//!
//! ```text
//! project ──▶ evaluate ──▶ graph ──▶ plan ──▶ emit ──▶ build ──▶ image ──▶ run
//! ```
//! Each arrow is one function, each thing between two arrows plain data that can be printed. `configure` goes the
//! first half of the way and remembers in `state` what it did, so that no half repeats work.
#![forbid(unsafe_code)]

pub mod build;
pub mod cargo;
pub mod clean;
pub mod cli;
pub mod commands;
pub mod configure;
pub mod depend;
pub mod emit;
pub mod error;
pub mod evaluate;
pub mod files;
pub mod graph;
pub mod hash;
pub mod image;
pub mod inputs;
pub mod plan;
pub mod process;
pub mod project;
pub mod report;
pub mod run;
pub mod show;
pub mod state;
pub mod target;
