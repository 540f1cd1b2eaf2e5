mod contract;
mod schema_snapshot;
