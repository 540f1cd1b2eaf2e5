# make run    builds and starts the server with demo data
# make test   all tests, on SQLite and PostgreSQL
# make check  what continuous integration runs

.PHONY: run test check

run:
	cargo run --release -- serve --demo

test:
	cargo test --workspace

check:
	./.ci/run
