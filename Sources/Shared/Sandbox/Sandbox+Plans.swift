extension Sandbox.Plan {
    /// The agent: providers, its socket, the files that are named, and the keyring helper.
    public static func agent(helper: String, files: FileAccess) -> Sandbox.Plan {
        Sandbox.Plan(
            calls: SystemCallGroup.daemon, sockets: SocketFamily.allCases, program: helper, files: files,
            readsProcesses: true)
    }

    /// The keyring helper: the bus, and nothing else.
    public static let keyringHelper = Sandbox.Plan(
        calls: SystemCallGroup.keyringHelper, sockets: [.unix], files: FileAccess())
}
