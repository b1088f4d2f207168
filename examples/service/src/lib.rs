//! Clients of services over `hinternet`: generated gRPC stubs, and a JSON client; with the servers they are shown on.

pub mod echo_server;
pub mod grpc;
pub mod grpc_tour;
pub mod json_tour;
pub mod notes;

/// What `tonic` makes of `proto/echo.proto`.
#[allow(missing_debug_implementations, unreachable_pub, clippy::all, clippy::use_self, reason = "it is generated")]
pub mod echo {
    tonic::include_proto!("echo.v1");
}
