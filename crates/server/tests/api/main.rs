//! Requests through the router on a real store in a temporary folder.

#![allow(clippy::unwrap_used)]

mod access;
mod by_url;
mod companion;
mod experiments;
mod extensions;
mod graph;
mod namespaces;
mod objects;
mod oidc;
mod own_artifacts;
mod own_logs;
mod own_runs;
mod own_transfer;
mod pipelines;
mod reach;
mod recurring;
mod routes;
mod runs;
mod samples;
mod serving;
mod sorted_lists;
mod streams;
mod support;
mod tensorboard;
mod v1_jobs;
mod v1_manifest;
mod v1_resources;
mod v1_rules;
mod v1_runs;
mod visualizations;
mod workflow_templates;
