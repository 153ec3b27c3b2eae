internal import ArgumentParser

/// The options of the set-up of an agent.
struct AgentSetupOptions: ParsableArguments {
    @Flag(help: "Do it: without this option the steps are only printed.")
    var write = false

    @Flag(help: "Undo what an earlier set-up has done; without --write only print that.")
    var undo = false
}
