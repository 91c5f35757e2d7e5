//! Every environment variable that the binary reads, each the twin of a flag and of a key in `pipewright.toml`.

/// Home folder of stores, artifacts, logs and environments.
pub(crate) const HOME: &str = "PIPEWRIGHT_HOME";
/// Address that `serve` listens on.
pub(crate) const LISTEN: &str = "PIPEWRIGHT_LISTEN";
/// Server that `run` and `runs` talk to.
pub(crate) const SERVER: &str = "PIPEWRIGHT_SERVER";
/// Namespace on a server with users.
pub(crate) const NAMESPACE: &str = "PIPEWRIGHT_NAMESPACE";
/// `grouped` or `full`.
pub(crate) const DURABILITY: &str = "PIPEWRIGHT_DURABILITY";
/// Tasks at once.
pub(crate) const MAX_PARALLEL: &str = "PIPEWRIGHT_MAX_PARALLEL";
pub(crate) const GPUS: &str = "PIPEWRIGHT_GPUS";
/// File that maps images.
pub(crate) const IMAGES: &str = "PIPEWRIGHT_IMAGES";
/// Runs tasks of any image with the host's programs.
pub(crate) const ANY_IMAGE: &str = "PIPEWRIGHT_ANY_IMAGE";
/// Folders of this machine that tasks may mount.
pub(crate) const HOST_PATHS: &str = "PIPEWRIGHT_HOST_PATHS";
/// `auto`, `process` or `container`.
pub(crate) const EXECUTOR: &str = "PIPEWRIGHT_EXECUTOR";
/// Socket of the container engine.
pub(crate) const CONTAINER_SOCKET: &str = "PIPEWRIGHT_CONTAINER_SOCKET";
/// `default`, `none` or `host`.
pub(crate) const CONTAINER_NETWORK: &str = "PIPEWRIGHT_CONTAINER_NETWORK";
/// `auto`, `on` or `off`.
pub(crate) const ISOLATION: &str = "PIPEWRIGHT_ISOLATION";
/// Seconds between SIGTERM and SIGKILL.
pub(crate) const GRACE_SECONDS: &str = "PIPEWRIGHT_GRACE_SECONDS";
/// What is logged, as `warn` or `pipewright_controller=debug,info`.
pub(crate) const LOG: &str = "PIPEWRIGHT_LOG";
/// `none` or `required`.
pub(crate) const AUTH: &str = "PIPEWRIGHT_AUTH";
/// Whether users have their runs and pipelines apart by namespace.
pub(crate) const MULTI_USER: &str = "PIPEWRIGHT_MULTI_USER";
/// List of pipelines that a server begins with.
pub(crate) const SAMPLE_CONFIG: &str = "PIPEWRIGHT_SAMPLE_CONFIG";
/// File with users and tokens.
pub(crate) const ACCESS: &str = "PIPEWRIGHT_ACCESS";
/// Where users reach the server, as `https://ml.example.org`.
pub(crate) const PUBLIC_URL: &str = "PIPEWRIGHT_PUBLIC_URL";
/// Secret of this server at the identity provider.
pub(crate) const OIDC_CLIENT_SECRET: &str = "PIPEWRIGHT_OIDC_CLIENT_SECRET";
/// Certificate of a server, as PEM.
pub(crate) const TLS_CERTIFICATE: &str = "PIPEWRIGHT_TLS_CERTIFICATE";
/// Its key, as PEM.
pub(crate) const TLS_KEY: &str = "PIPEWRIGHT_TLS_KEY";
/// Token that commands show to a server.
pub(crate) const TOKEN: &str = "PIPEWRIGHT_TOKEN";
/// File with the servers that commands know by name.
pub(crate) const CONTEXTS: &str = "PIPEWRIGHT_CONTEXTS";
