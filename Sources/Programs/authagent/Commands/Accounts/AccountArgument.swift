internal import AgentAPI
internal import ArgumentParser

extension AccountName {
    /// Parses a command line argument; the error describes valid names.
    static func argument(_ text: String) throws -> AccountName {
        guard let name = AccountName(text) else {
            throw ValidationError("'\(Console.clean(text))' is not an account name, which has \(Self.rule)")
        }
        return name
    }
}
