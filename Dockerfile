# docker build -t registry.example.com/pulldoctor:0.1.0 .
# Both stages are Debian 12: the program is linked to the first one's libc and runs on the second's.
FROM docker.io/library/rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY src src
# The manifest names them.
COPY benches benches
RUN cargo build --release --locked --bin pulldoctor

FROM gcr.io/distroless/cc-debian12
COPY --from=build /build/target/release/pulldoctor /usr/local/bin/pulldoctor
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/pulldoctor"]
