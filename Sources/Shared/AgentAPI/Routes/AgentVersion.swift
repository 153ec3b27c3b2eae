/// The version of the client, the daemon and the keyring helper: they are built and installed together.
public let agentVersion = "0.1.0"
