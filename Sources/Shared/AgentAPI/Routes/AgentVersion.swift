/// The version of the client, the daemon and the keyring helper: they are built and installed together. The packages read
/// it from this line (packaging/dev/lib.sh).
public let agentVersion = "0.1.0"
