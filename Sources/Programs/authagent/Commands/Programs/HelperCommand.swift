internal import ArgumentParser

/// The help of the helpers, and the error for what is not one: `HelperCall` runs them before the argument parser, which
/// takes longer than a whole request. The subcommands are not started as often.
struct HelperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "helper",
        abstract: "Give a token to another program, by that program's own contract.",
        usage: "authagent helper <name> [<arguments> ...]",
        discussion: """
            git get|store|erase|capability       git
            kubectl [ACCOUNT] [--id-token]       kubectl, Kubernetes client libraries
            docker get|store|erase|list|version  docker, podman, skopeo
            google ACCOUNT                       Google's client libraries
            generic get                          Bazel, buck2 and others
            cargo                                cargo
            go [URL]                             Go, in GOAUTH
            terraform get|store|forget HOST      Terraform, OpenTofu
            keyring get SERVICE [USER]           pip, uv
            mcp [ACCOUNT]                        headers for an MCP server
            sasl ACCOUNT --mechanism XOAUTH2|OAUTHBEARER --user USER
                [--host HOST] [--port PORT]      scripts that read or send mail

            Where no account is named, the one whose 'urls' have the URL is used. See authagent-helper(1).
            """,
        subcommands: [AWSHelperCommand.self]
    )

    func run() throws { throw ValidationError("the name of a helper is missing") }
}
