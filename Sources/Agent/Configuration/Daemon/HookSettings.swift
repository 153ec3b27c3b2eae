/// The programs of `authagent.toml` that the agent runs on occasions.
public struct HookSettings: Equatable, Sendable {
    public enum Occasion: String, CaseIterable, Sendable {
        case loginRequired = "on_login_required"
        case loginPrompt = "on_login_prompt"
        case loginExpires = "on_login_expires"
        case refreshed = "on_refreshed"
        case storeProblem = "on_store_problem"
        /// A request waits for a confirmation, which the program may give.
        case confirm = "on_confirm"
    }

    private var programs: [Occasion: ConfiguredProgram] = [:]

    public init() {}

    public subscript(occasion: Occasion) -> ConfiguredProgram? {
        get { programs[occasion] }
        set { programs[occasion] = newValue }
    }

    /// The programs, in the order of their occasions.
    public var all: [ConfiguredProgram] { Occasion.allCases.compactMap { programs[$0] } }

    /// Takes the file's programs over those of the file before.
    mutating func read(_ file: inout TOMLFile, _ problems: inout ConfigurationProblems) {
        for occasion in Occasion.allCases {
            problems.attempt { () throws(ConfigurationError) in
                if let program = try file.program(occasion.rawValue) { programs[occasion] = program }
            }
        }
    }
}
