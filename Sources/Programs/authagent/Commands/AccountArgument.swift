internal import AgentAPI
internal import ArgumentParser

extension AccountName {
    /// Reads an argument of the command line; the error says what a name may be.
    static func argument(_ text: String) throws -> AccountName {
        guard let name = AccountName(text) else {
            throw ValidationError("'\(Console.clean(text))' is no account name, which has \(Self.rule)")
        }
        return name
    }
}
