internal import AgentAPI
internal import ArgumentParser
internal import Glibc

/// The source of the sealed store's key; without options, the systemd credential.
struct StoreKeyOptions: ParsableArguments {
    @Flag(help: "Use the systemd credential 'authagent-key' (the default if there is one).")
    var credential = false

    @Option(
        help: ArgumentHelp(
            "Use the content of this private file, 32 bytes or more. The file must stay there.",
            valueName: "file"))
    var keyFile: String?

    @Flag(help: "Use a passphrase from the terminal or standard input; 'authagent unlock' asks for it from then on.")
    var passphrase = false

    func validate() throws {
        guard (credential ? 1 : 0) + (keyFile == nil ? 0 : 1) + (passphrase ? 1 : 0) <= 1 else {
            throw ValidationError("give one of --credential, --key-file and --passphrase")
        }
    }

    func request(_ operation: StoreRequest.Operation) throws -> StoreRequest {
        if let keyFile { return StoreRequest(operation, keySource: .file, keyFile: try Self.absolute(keyFile)) }
        if passphrase {
            return StoreRequest(operation, keySource: .passphrase, passphrase: try PassphraseInput.read(isNew: true))
        }
        return StoreRequest(operation, keySource: credential ? .credential : nil)
    }

    /// Makes a path absolute: the agent has another working directory, and needs the file after a restart.
    private static func absolute(_ path: String) throws -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let directory = getcwd(nil, 0) else {
            throw Failure("the working directory has no path", hint: "give an absolute path")
        }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }
}

extension StoreDescription {
    /// The source of the key, as text.
    var keyWords: String? {
        switch keySource {
        case .credential?: "systemd credential 'authagent-key'"
        case .file?: "file \(keyFile ?? "")"
        case .passphrase?: "passphrase"
        case nil: nil
        }
    }
}
