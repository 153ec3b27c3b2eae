internal import ArgumentParser

/// `authagent helper`: what other programs start for a token or for credentials.
struct HelperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "helper",
        abstract: "Give other programs a token in the form that they want.",
        subcommands: [AWSHelperCommand.self]
    )
}
