internal import ArgumentParser
internal import System

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the script by which a shell completes this program's arguments.",
        discussion: """
            For a shell that the package has not set up: 'source <(authagent completion bash)' in ~/.bashrc, the output of \
            'authagent completion zsh' as the file _authagent in a directory of fpath, or 'authagent completion fish | \
            source' in config.fish.
            """
    )

    @Argument(help: "bash, zsh or fish.")
    var shell: CompletionScript

    func run() throws { Console.print(shell.text) }

    /// Prints what can follow the words, if a script requests that; returns false for any other arguments.
    static func printsCandidates(_ arguments: [String]) -> Bool {
        guard arguments.count > 3, arguments[1] == configuration.commandName, arguments[2] == CompletionScript.request,
            let tree = CommandTree.own
        else { return false }
        let names = CompletedNames(environment: processEnvironment())
        let completion = Completion(Array(arguments.dropFirst(3)), in: tree) { names($0) }
        if !completion.text.isEmpty { Console.print(completion.text) }
        return true
    }
}
